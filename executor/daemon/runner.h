// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_RUNNER_H_
#define RECURVE_EXECUTOR_DAEMON_RUNNER_H_

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "executor/daemon/executor_metrics.h"
#include "executor/daemon/job_store.h"
#include "executor/daemon/path_roots.h"
#include "executor/job/link_cost_cache.h"
#include "executor/job/training_job.h"
#include "planner_service/client/fallback_planner.h"

namespace recurve {

struct RunnerOptions {
  std::string planner_target;  // the planner service; empty: plan in this process
  std::chrono::milliseconds planner_timeout{10'000};
  std::string cost_cache_path;  // see LinkCostCache
  int threads = 0;              // maximum and default number of threads of a job; 0: all available to the process
  PathRoots roots;
};

// The thread that runs the jobs of a store in order, one at a time, from PLANNING to their end. A failing job, even one
// that throws, does not affect the next one. The store and the metrics must outlive it.
//
//   auto runner = Runner::Start(options, store, metrics);
//   ...
//   store.ShutDown();   // the running job ends CANCELLED
//   (*runner)->Join();
class Runner {
 public:
  // RESOURCE_EXHAUSTED if the system cannot start a thread.
  static absl::StatusOr<std::unique_ptr<Runner>> Start(RunnerOptions options, JobStore& store,
                                                       ExecutorMetrics& metrics);
  ~Runner();  // ShutDown and Join
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Waits until the running job has ended. Call it only after JobStore::ShutDown, and not concurrently.
  void Join();

 private:
  Runner(RunnerOptions options, JobStore& store, ExecutorMetrics& metrics);
  void Loop();
  void RunOne(const TakenJob& taken);
  // Prepares and runs a job. May throw.
  absl::StatusOr<JobReport> PrepareAndRun(const TakenJob& taken);
  absl::StatusOr<JobReport> Train(const TakenJob& taken, const JobSpec& spec, executor::v1::PlanSource source,
                                  TrainingJob& job);
  void NoteEmbedded(const std::string& id, const std::string& why);
  // The specification with the daemon's limits applied.
  absl::StatusOr<JobSpec> Admit(const TakenJob& taken);
  void End(const std::string& id, const absl::StatusOr<JobReport>& report);

  const RunnerOptions options_;
  JobStore& store_;
  ExecutorMetrics& metrics_;
  LinkCostCache known_costs_;
  std::thread thread_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_RUNNER_H_
