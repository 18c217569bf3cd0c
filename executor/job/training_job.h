// SPDX-License-Identifier: Apache-2.0
//
// A training job, from its specification to its model file. Used by the daemon and the command line.
#ifndef RECURVE_EXECUTOR_JOB_TRAINING_JOB_H_
#define RECURVE_EXECUTOR_JOB_TRAINING_JOB_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/job/checkpoint_options.h"
#include "executor/job/job_spec.h"
#include "executor/job/link_cost_cache.h"
#include "executor/job/loss_history.h"
#include "executor/job/memory_plan.h"
#include "executor/model/parameters.h"
#include "executor/task/task.h"
#include "planner_service/model/memory_ledger.h"
#include "planner_service/planning/planner.h"

namespace recurve {

// What is known before the first step, as printed by --dry-run. If sequences differ in length, link counts, `plan` and
// `store_all_bytes` are those of the longest batch.
struct JobPlan {
  Ledger ledger;                   // planned bytes by kind, of the largest batch; ledger.total() is the planned peak
  int64_t store_all_bytes = 0;     // total of store-all
  int64_t link = 0;                // k, as chosen
  int64_t links = 0;               // N
  int64_t state_bytes = 0;         // s
  int64_t tape_bytes = 0;          // a, of a full link
  int64_t store_budget_bytes = 0;  // B: for stored states and tapes, within the limit
  int64_t parameters = 0;
  std::string model;      // TaskOptions::Title
  std::string data_path;  // the first of TaskOptions::Inputs
  DataSummary data;
  std::vector<std::string> notes;  // possible mistakes of the user, one sentence each
  int64_t plans = 1;               // one per number of links that a batch may have
  int64_t evaluation_bytes = 0;    // in addition to the ledger, during an evaluation between two steps
  std::string device;              // "cpu (avx512, 2 threads)"
  LinkCosts costs;                 // measured for this model, batch and device
  Plan plan;
  // If states may be stored on the host.
  int64_t host_bytes = 0;        // planned peak there
  ReplayResult::Transfers host;  // states stored and fetched in a batch
  TransferCosts transfers;       // measured

  int64_t store_all_activation_bytes() const;  // states, tapes and workspace of store-all
  double recompute_ratio() const;              // link forwards over links
};
void VisitFields(JobPlan& plan, FieldVisitor& visitor);

struct StepRecord {
  int64_t step = 0;          // 1..steps
  int64_t predictions = 0;   // in this batch
  int64_t positions = 0;     // steps times sequences computed; those without a prediction are padding
  double loss = 0;           // mean over the predictions of this batch
  Metric metric;             // the loss, converted to the metric of evaluations
  double gradient_norm = 0;  // before clipping
  double learning_rate = 0;
  double seconds = 0;                    // the whole step
  double batch_seconds = 0;              // forward and backward
  double predicted_seconds = 0;          // predicted by the plan of this batch
  double prediction_ratio = 1;           // batch_seconds over predicted_seconds, median of recent steps
  int64_t measured_peak_bytes = 0;       // peak live bytes of the arena so far
  int64_t measured_host_peak_bytes = 0;  // the same on the host
  int64_t plain_forwards = 0;            // link forwards without tape in this step
  int64_t taped_forwards = 0;
};
void VisitFields(StepRecord& record, FieldVisitor& visitor);

struct JobReport {
  int64_t steps = 0;               // completed
  bool ended_by_time = false;      // by max_seconds, before the last requested step
  int64_t planned_peak_bytes = 0;  // of the batches run
  int64_t measured_peak_bytes = 0;
  int64_t planned_host_peak_bytes = 0;  // the same on the host
  int64_t measured_host_peak_bytes = 0;
  int64_t resident_peak_bytes = 0;         // of the whole process when the job ended
  int64_t forward_count_per_batch = 0;     // of the last batch
  double predictions_per_second = 0;       // over whole steps, without the first if there are others
  double padding_share = 0;                // share of positions without a prediction
  double seconds_per_batch = 0;            // median of forward and backward, without the first step if there are others
  double predicted_seconds_per_batch = 0;  // median of the predictions
  double loss = 0;                         // of the last step
  Metric metric;                           // the same, converted to the metric of evaluations
  std::optional<Metric> evaluation;        // on the held-out part
  std::string weights_sha256;              // hex, over all parameters in the order of the model file
  bool ended_by_patience = false;          // by `patience`, before the last requested step
  int64_t best_step = 0;                   // of the best evaluation so far; 0: none
  double best_metric = 0;                  // of that evaluation
};
void VisitFields(JobReport& report, FieldVisitor& visitor);

// A checkpoint or a model file that was written.
struct CheckpointRecord {
  int64_t step = 0;  // completed
  double seconds = 0;
  bool resumable = false;  // false: only the model file
  int64_t size_bytes = 0;
};

// Receives events of a job, on the thread that runs it. Every method may do nothing.
class JobObserver {
 public:
  virtual ~JobObserver() = default;
  virtual void OnStep(const StepRecord&) {}
  // Before the first step of a job that continues: the last complete step, and the losses up to it.
  virtual void OnResume(int64_t /*step*/, const std::vector<LossPoint>& /*history*/) {}
  // Before a checkpoint between steps: nothing follows about the last step, whose record can be on disk first.
  virtual void OnCheckpointDue() {}
  virtual void OnCheckpoint(const CheckpointRecord&) {}
  virtual void OnCheckpointFailed(int64_t /*step*/, const absl::Status& /*why*/) {}  // training goes on
  // A few times per second during an evaluation: the amount done and the total, in the unit of DataSummary.
  virtual void OnEvaluationProgress(int64_t /*done*/, int64_t /*all*/) {}
  virtual void OnEvaluation(int64_t /*step*/, const Metric& /*metric*/) {}  // during training, and after the last step
  virtual void OnLedger(const Ledger& /*peak*/) {}        // bytes by kind at the peak so far; once per step
  virtual void OnLinkRuns(const LinkRuns& /*so_far*/) {}  // once per step, if the device counts them
  virtual void OnNote(const std::string& /*note*/) {}     // does not end the job; one sentence
  // The prediction has been off by more than PredictionDrift::kTolerance for a while. At most once.
  virtual void OnPredictionMissed(const StepRecord&) {}
};

// INVALID_ARGUMENT if the job would overwrite its data or a file that is not a model, or write one file twice; the
// errors of CheckModelCanBeSaved. `cache_path` as of LinkCostCache.
absl::Status CheckJobFiles(const JobSpec& spec, const std::string& cache_path);

// How the owner of a running job steers it. The functions are called often, on the thread of the job, and may be null.
struct RunControl {
  enum class Stop : uint8_t {
    kNo,
    kCancel,  // end the job: save a checkpoint, and the model (ModelSaver::Keep)
    kYield,   // end this run: save a checkpoint, to continue later
  };
  RunControl() = default;
  // A run that can only be cancelled, by a function or lambda that returns bool.
  template <typename Cancelled, typename = std::enable_if_t<std::is_same_v<std::invoke_result_t<Cancelled&>, bool>>>
  RunControl(Cancelled cancelled)  // NOLINT(google-explicit-constructor)
      : stop([cancelled = CancelCheck(std::move(cancelled))] {
          return cancelled && cancelled() ? Stop::kCancel : Stop::kNo;
        }) {}
  explicit RunControl(std::function<Stop()> stop_check) : stop(std::move(stop_check)) {}

  Stop Asked() const { return stop ? stop() : Stop::kNo; }

  std::function<Stop()> stop;
  // The CPU threads for the next step; 0: no change.
  struct Processors {
    int threads = 0;
    bool shared = false;  // other jobs run beside this one, so that times say nothing about predictions
  };
  std::function<Processors()> processors;
};

// Decorates the backend of a job; the result lives as long as the job.
using BackendDecorator = std::function<std::unique_ptr<Backend>(std::unique_ptr<Backend>)>;

struct PrepareOptions {
  CheckpointOptions checkpoints;
  BackendDecorator decorate;
  // Called with the plan before the memory is allocated; an error ends the preparation.
  std::function<absl::Status(const JobPlan& plan)> admit;
};

// Not thread-safe.
//
//   LinkCostCache costs(LinkCostCachePath());
//   auto job = TrainingJob::Prepare(spec, {planner, chain_planner}, costs, {});
//   auto report = (*job)->Run(observer, {});
class TrainingJob {
 public:
  // Detects every error that can be detected before training: opens the data, checks that there is room for the model
  // file and that it replaces only a model, sizes the job, measures link costs unless `known_costs` has them, requests
  // a plan from `planners` and verifies it by replay. Run removes costs that prove wrong, so `known_costs` must outlive
  // the job. INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED; UNAVAILABLE if there is no such device;
  // FAILED_PRECONDITION if a limit cannot hold the job, with the minimum required; RESOURCE_EXHAUSTED if this process
  // was granted less memory than the plan needs, with both figures, or too few threads; INTERNAL if a plan does not
  // match its replay; errors of JobCheckpoints.
  static absl::StatusOr<std::unique_ptr<TrainingJob>> Prepare(const JobSpec& spec, const JobPlanners& planners,
                                                              LinkCostCache& known_costs, const CancelCheck& cancelled,
                                                              const PrepareOptions& options = {});
  virtual ~TrainingJob() = default;

  virtual const JobPlan& plan() const = 0;

  // Trains, saves and evaluates; to be called once. A failed checkpoint is reported to the observer, and training
  // continues; if the last save fails, the model is saved elsewhere. CANCELLED if `control` stops it, or ABORTED if the
  // loss or the gradient is not finite, preserve the weights after the last complete step: unless it yields, in a model
  // file (see ModelSaver::Keep), and if it was stopped, in a checkpoint. Every message names that step and the
  // location.
  virtual absl::StatusOr<JobReport> Run(JobObserver& observer, const RunControl& control) = 0;

  // The trained weights; to be called once, after Run has returned a report.
  virtual Parameters TakeParameters() = 0;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_TRAINING_JOB_H_
