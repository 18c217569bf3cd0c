// SPDX-License-Identifier: Apache-2.0
//
// All metrics of the executor daemon and their help texts.
#ifndef RECURVE_EXECUTOR_DAEMON_EXECUTOR_METRICS_H_
#define RECURVE_EXECUTOR_DAEMON_EXECUTOR_METRICS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "executor/daemon/job_store.h"
#include "executor/job/training_job.h"
#include "planner_service/client/fallback_planner.h"
#include "planner_service/model/memory_ledger.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "recurve/executor/v1/executor.pb.h"

namespace recurve {

class JobMetrics;

// Thread-safe. The registry owns the metrics and must outlive this object.
class ExecutorMetrics {
 public:
  // Whether there are losses, evaluations and gradient norms. Whoever knows them may know the data.
  enum class Losses : uint8_t { kShown, kHidden };

  ExecutorMetrics(
      prometheus::Registry& registry, const std::string& version, Losses losses = Losses::kShown,
      std::function<absl::Time()> clock = [] { return absl::Now(); });

  void CountRequest(const std::string& method, absl::StatusCode code);
  void AddWatchers(int delta);
  void AddTransfers(int delta);
  // A job entered a state (+1), or left it or was deleted (-1).
  void AddJobs(executor::v1::JobState state, int delta);
  void CountEnd(executor::v1::JobState state);
  void SetDevice(const DeviceBudget& device, int64_t promised);
  void ObserveQueueWait(absl::Duration wait);
  void CountPlan(executor::v1::PlanSource source);
  void CountPlannerFallback(FallbackReason reason);
  void CountBudgetRefusal();
  // A call or a job was refused because of a quota of its owner.
  void CountQuotaRefusal(const char* quota);

  // The metrics of a running job. Its destructor removes its gauges.
  std::unique_ptr<JobMetrics> StartJob(const std::string& job_id, const JobSpec& spec, const JobPlan& plan);

 private:
  friend class JobMetrics;
  using Gauges = prometheus::Family<prometheus::Gauge>;
  using Counters = prometheus::Family<prometheus::Counter>;

  const Losses losses_;
  const std::function<absl::Time()> clock_;
  Counters& requests_;
  prometheus::Gauge& watchers_;
  prometheus::Gauge& transfers_;
  Gauges& jobs_;
  Gauges& device_size_bytes_;
  Gauges& device_budget_bytes_;
  Gauges& device_promised_bytes_;
  Gauges& device_free_bytes_;
  Counters& ended_jobs_;
  prometheus::Histogram& queue_wait_;
  Counters& plans_;
  Counters& planner_fallbacks_;
  prometheus::Counter& budget_refusals_;
  Counters& quota_refusals_;
  prometheus::Counter& broken_promises_;
  prometheus::Counter& resumed_jobs_;
  prometheus::Counter& plain_forwards_;
  prometheus::Counter& taped_forwards_;
  prometheus::Counter& steps_;
  prometheus::Counter& tokens_;
  prometheus::Histogram& checkpoint_seconds_;
  prometheus::Counter& checkpoint_failures_;
  // Of running jobs.
  Gauges& budget_bytes_;
  Gauges& planned_peak_bytes_;
  Gauges& measured_peak_bytes_;
  Gauges& planned_host_peak_bytes_;
  Gauges& measured_host_peak_bytes_;
  Gauges& store_all_bytes_;
  Gauges& arena_bytes_;
  Gauges& link_graphs_;
  Gauges& link_runs_;
  Gauges& planned_recompute_;
  Gauges& measured_recompute_;
  Gauges& predicted_seconds_;
  Gauges& measured_seconds_;
  Gauges& prediction_ratio_;
  Gauges& step_;
  Gauges& loss_;
  Gauges& gradient_norm_;
  Gauges& evaluation_;
  Gauges& last_checkpoint_;
  Gauges& run_start_;
  Gauges& last_progress_;
};

// The gauges of one running job. For use on the thread that runs it.
class JobMetrics final : public JobObserver {
 public:
  JobMetrics(ExecutorMetrics& metrics, const std::string& job_id, const JobSpec& spec, const JobPlan& plan);
  ~JobMetrics() override;
  JobMetrics(const JobMetrics&) = delete;
  JobMetrics& operator=(const JobMetrics&) = delete;

  void OnStep(const StepRecord& record) override;
  void OnResume(int64_t step, const std::vector<LossPoint>& history) override;
  void OnCheckpoint(const CheckpointRecord& record) override;
  void OnCheckpointFailed(int64_t step, const absl::Status& why) override;
  void OnEvaluationProgress(int64_t done, int64_t all) override;
  void OnEvaluation(int64_t step, const Metric& metric) override;
  void OnLedger(const Ledger& peak) override;
  void OnLinkRuns(const LinkRuns& runs) override;

 private:
  // Sets a gauge of this job; creates it if necessary.
  void Set(ExecutorMetrics::Gauges& family, double value, const std::string& kind = "");
  void SetNow(ExecutorMetrics::Gauges& family);
  // Sets a gauge that tells about the data.
  void SetLoss(ExecutorMetrics::Gauges& family, double value);

  ExecutorMetrics& metrics_;
  const std::string job_id_;
  const int64_t planned_peak_bytes_;
  const int64_t planned_host_peak_bytes_;
  bool promise_broken_ = false;
  std::vector<std::pair<ExecutorMetrics::Gauges*, prometheus::Gauge*>> gauges_;  // to remove
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_EXECUTOR_METRICS_H_
