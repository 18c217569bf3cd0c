// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_RUNNER_H_
#define RECURVE_EXECUTOR_DAEMON_RUNNER_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/daemon/executor_metrics.h"
#include "executor/daemon/job_store.h"
#include "executor/daemon/owner_roots.h"
#include "executor/job/link_cost_cache.h"
#include "executor/job/training_job.h"
#include "planner_service/client/fallback_planner.h"
#include "planner_service/grpc_server/log_entry.h"
#include "planner_service/grpc_server/reloaded_tls.h"
#include "planner_service/process/mutex.h"

namespace recurve {

struct RunnerOptions {
  std::string planner_target;  // the planner service; empty: plan in this process
  std::chrono::milliseconds planner_timeout{10'000};
  const ReloadedTls* planner_tls = nullptr;  // must outlive the runner; null: plaintext
  std::string cost_cache_path;               // see LinkCostCache
  int threads = 0;                           // CPU threads of all jobs together; 0: all available to the process
  int threads_per_owner = 0;                 // of the jobs of one owner together, at least one each; 0: no limit
  const OwnerRoots* roots = nullptr;         // must outlive the runner
  // Whether a job's files have room, before it trains; an error fails the job.
  std::function<absl::Status(const TakenJob&, const JobSpec&, const JobPlan&)> check_storage =
      [](const TakenJob&, const JobSpec&, const JobPlan&) { return absl::OkStatus(); };
};

// The CPU threads of a job that can use `most`, when `owners` have running jobs, and its own owner has `jobs` of them:
// an even share of an even share, of which all of one owner have at most `per_owner` (0: no limit), but at least 1.
int ThreadShare(int threads, int owners, int per_owner, int jobs, int most);

// Runs the jobs of a store, each on a thread of its own, from PLANNING to their end. The owners of jobs that run at the
// same time share the CPU threads evenly, and so do the jobs of each owner. A failing job, even one that throws, does
// not affect the others. The store and the metrics must outlive it.
//
//   auto runner = Runner::Start(options, store, metrics);
//   ...
//   store.ShutDown();   // running jobs write a checkpoint and stop
//   (*runner)->Join();
class Runner {
 public:
  // RESOURCE_EXHAUSTED if the system cannot start a thread.
  static absl::StatusOr<std::unique_ptr<Runner>> Start(RunnerOptions options, JobStore& store,
                                                       ExecutorMetrics& metrics);
  ~Runner();  // ShutDown and Join
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Waits until no job runs, but not longer than `timeout`; returns whether none does. Call it only after
  // JobStore::ShutDown.
  bool WaitForJobs(std::chrono::milliseconds timeout);

  // Waits until all jobs have stopped. Call it only after JobStore::ShutDown, and not concurrently.
  void Join();

 private:
  struct JobThread {
    std::thread thread;
    std::atomic<bool> done{false};
  };

  Runner(RunnerOptions options, JobStore& store, ExecutorMetrics& metrics);
  void Loop();
  void StartJob(TakenJob taken);
  void JoinThreads(bool only_done);
  void RunOne(const TakenJob& taken);
  // Prepares and runs a job. May throw.
  absl::StatusOr<JobReport> PrepareAndRun(const TakenJob& taken);
  absl::StatusOr<std::unique_ptr<TrainingJob>> Prepare(const TakenJob& taken, const JobSpec& spec,
                                                       FallbackPlanner& planner);
  absl::StatusOr<JobReport> Train(const TakenJob& taken, const JobSpec& spec, executor::v1::PlanSource source,
                                  TrainingJob& job);
  void NoteEmbedded(const TakenJob& taken, spdlog::level::level_enum level, const std::string& why);
  // The specification with the daemon's limits applied.
  absl::StatusOr<JobSpec> Confine(const TakenJob& taken);
  // Counts a job of `owner` that begins (+1) or ends (-1).
  void CountRunning(const std::string& owner, int delta);
  // An even share of the CPU threads, for a job of `owner` that can use `most`.
  int ShareOfThreads(const std::string& owner, int most);
  void End(const std::string& id, const absl::StatusOr<JobReport>& report);

  const RunnerOptions options_;
  const int threads_;  // of all jobs
  JobStore& store_;
  ExecutorMetrics& metrics_;
  LinkCostCache known_costs_;
  std::list<JobThread> jobs_;  // of the starting thread
  Mutex mutex_;
  std::condition_variable_any job_ended_;
  std::atomic<int> running_{0};                                    // changed with mutex_ held
  std::map<std::string, int> running_of_ ABSL_GUARDED_BY(mutex_);  // by owner, without those that have none
  std::thread thread_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_RUNNER_H_
