// SPDX-License-Identifier: Apache-2.0
//
// A training job from its specification to its model file. The daemon and the command line both run jobs through this.
#ifndef RECURVE_EXECUTOR_JOB_TRAINING_JOB_H_
#define RECURVE_EXECUTOR_JOB_TRAINING_JOB_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/job/job_spec.h"
#include "executor/job/link_cost_cache.h"
#include "executor/job/memory_plan.h"
#include "executor/model/parameters.h"
#include "executor/task/task.h"
#include "planner_service/model/memory_ledger.h"
#include "planner_service/planning/planner.h"

namespace recurve {

// What is known before the first step; all that --dry-run prints. Where sequences have lengths of their own, link
// counts, `plan` and `store_all_bytes` are those of the longest batch.
struct JobPlan {
  Ledger ledger;                   // planned bytes by kind, of the largest batch; ledger.total() is the planned peak
  int64_t store_all_bytes = 0;     // total that keeping every tape would need
  int64_t link = 0;                // k, as chosen
  int64_t links = 0;               // N
  int64_t state_bytes = 0;         // s
  int64_t tape_bytes = 0;          // a, of a full link
  int64_t store_budget_bytes = 0;  // B: what the limit leaves for stored states and tapes
  int64_t parameters = 0;
  std::string model;      // TaskOptions::Title
  std::string data_path;  // the first of TaskOptions::Inputs
  DataSummary data;
  std::vector<std::string> notes;  // what the user may not have meant, one sentence each
  int64_t plans = 1;               // one for each number of links that a batch may have
  int64_t evaluation_bytes = 0;    // beside the ledger's, while an evaluation is under way between two steps
  std::string device;              // "cpu (avx512, 2 threads)"
  LinkCosts costs;                 // measured for this model, batch and device
  Plan plan;
  // Where states may be stored on the host.
  int64_t host_bytes = 0;        // planned peak there
  ReplayResult::Transfers host;  // states stored and fetched in a batch
  TransferCosts transfers;       // measured

  int64_t store_all_activation_bytes() const;  // states, tapes and workspace when every tape is kept
  double recompute_ratio() const;              // link forwards over links
};
void VisitFields(JobPlan& plan, FieldVisitor& visitor);

struct StepRecord {
  int64_t step = 0;          // 1..steps
  int64_t predictions = 0;   // in this batch
  int64_t positions = 0;     // steps times sequences that were run for them; the rest is padding
  double loss = 0;           // mean over the predictions of this batch
  Metric metric;             // the loss in the measure of evaluations
  double gradient_norm = 0;  // before clipping
  double learning_rate = 0;
  double seconds = 0;                    // the whole step
  double batch_seconds = 0;              // of it, forward and backward
  double predicted_seconds = 0;          // what the plan of this batch predicts for them
  double prediction_ratio = 1;           // of the two, median of the last steps
  int64_t measured_peak_bytes = 0;       // most bytes of the arena live at once so far
  int64_t measured_host_peak_bytes = 0;  // of states on the host
  int64_t plain_forwards = 0;            // link forwards without tape in this step
  int64_t taped_forwards = 0;
};
void VisitFields(StepRecord& record, FieldVisitor& visitor);

struct JobReport {
  int64_t steps = 0;               // that were done
  bool ended_by_time = false;      // by max_seconds, before the last of the steps that were asked for
  int64_t planned_peak_bytes = 0;  // of the batches that were run
  int64_t measured_peak_bytes = 0;
  int64_t planned_host_peak_bytes = 0;  // of states on the host
  int64_t measured_host_peak_bytes = 0;
  int64_t resident_peak_bytes = 0;      // of the whole process when the job ended, with all else that it does
  int64_t forward_count_per_batch = 0;  // of the last batch
  double predictions_per_second = 0;    // predictions, over whole steps (the first left out if there are others)
  double padding_share = 0;             // of the positions that were run, how many predicted nothing
  double seconds_per_batch = 0;  // median over the steps of forward and backward (the first left out if others are)
  double predicted_seconds_per_batch = 0;  // the same median of what the plans predict
  double loss = 0;                         // of the last step
  Metric metric;                           // the same in the measure of evaluations
  std::optional<Metric> evaluation;        // on what is held out
  std::string weights_sha256;              // hex, over all parameters in the order of the model file
};
void VisitFields(JobReport& report, FieldVisitor& visitor);

// Told how the job goes, on the thread that runs it. Every method may do nothing.
class JobObserver {
 public:
  virtual ~JobObserver() = default;
  virtual void OnStep(const StepRecord&) {}
  virtual void OnCheckpoint(int64_t /*step*/, double /*seconds*/) {}                 // the model file was written
  virtual void OnCheckpointFailed(int64_t /*step*/, const absl::Status& /*why*/) {}  // training goes on
  // Some times a second while the held-out part is evaluated: how much so far, of all, in the unit of DataSummary.
  virtual void OnEvaluationProgress(int64_t /*done*/, int64_t /*all*/) {}
  virtual void OnEvaluation(int64_t /*step*/, const Metric& /*metric*/) {}  // on the way, and after the last step
  virtual void OnLedger(const Ledger& /*peak*/) {}        // bytes by kind when most were live so far; once a step
  virtual void OnLinkRuns(const LinkRuns& /*so_far*/) {}  // once a step, where the device counts them
  virtual void OnNote(const std::string& /*note*/) {}     // something that does not end the job, one sentence
  // The prediction has been off by more than PredictionDrift::kTolerance for a while. At most once.
  virtual void OnPredictionMissed(const StepRecord&) {}
};

// INVALID_ARGUMENT when the job would write over its data or over a file that is no model, or twice to one file; the
// errors of CheckModelCanBeSaved. `cache_path` as of LinkCostCache.
absl::Status CheckJobFiles(const JobSpec& spec, const std::string& cache_path);

// Puts something around the backend that a job runs on; it lives as long as the job.
using BackendDecorator = std::function<std::unique_ptr<Backend>(std::unique_ptr<Backend>)>;

// Not thread-safe; `cancelled` may look at anything.
//
//   LinkCostCache costs(LinkCostCachePath());
//   auto job = TrainingJob::Prepare(spec, {planner, chain_planner}, costs, {});
//   auto report = (*job)->Run(observer, {});
class TrainingJob {
 public:
  // Everything that can go wrong early goes wrong here: reads the data, checks that there is room for the model file
  // and that it replaces neither the data nor anything else that is no model, sizes every byte, measures link costs
  // unless `known_costs` has them, asks `planners`, and replays the plan before it is trusted. Costs that turn out
  // wrong in Run are forgotten, so `known_costs` must outlive the job. INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED;
  // UNAVAILABLE when there is no such device; FAILED_PRECONDITION when a limit cannot hold the job, with the bytes that
  // would do; RESOURCE_EXHAUSTED when this process was granted less memory than the plan takes, with both figures, or
  // too few threads; INTERNAL when a plan does not keep what it promises.
  static absl::StatusOr<std::unique_ptr<TrainingJob>> Prepare(const JobSpec& spec, const JobPlanners& planners,
                                                              LinkCostCache& known_costs, const CancelCheck& cancelled,
                                                              const BackendDecorator& decorate = {});
  virtual ~TrainingJob() = default;

  virtual const JobPlan& plan() const = 0;

  // Trains, saves, evaluates. Once. A checkpoint that fails is told to the observer and training goes on; when the last
  // save fails the model is saved elsewhere. CANCELLED, or ABORTED when the loss or the gradient stopped being finite,
  // keep the weights after the last whole step (see ModelSaver::Keep). Every message says which step that was and where
  // the model is.
  virtual absl::StatusOr<JobReport> Run(JobObserver& observer, const CancelCheck& cancelled) = 0;

  // The trained weights, once, after Run has returned a report.
  virtual Parameters TakeParameters() = 0;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_TRAINING_JOB_H_
