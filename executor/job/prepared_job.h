// SPDX-License-Identifier: Apache-2.0
//
// The implementation of TrainingJob.
#ifndef RECURVE_EXECUTOR_JOB_PREPARED_JOB_H_
#define RECURVE_EXECUTOR_JOB_PREPARED_JOB_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/data/atomic_file.h"
#include "executor/engine/trainer.h"
#include "executor/job/job_checkpoints.h"
#include "executor/job/length_plans.h"
#include "executor/job/link_cost_cache.h"
#include "executor/job/model_saver.h"
#include "executor/job/prediction_drift.h"
#include "executor/job/step_statistics.h"
#include "executor/job/training_job.h"
#include "executor/task/task.h"

namespace recurve {

// Prepared by Plan and MakeTrainer (training_job.cc), then run (prepared_job.cc).
class PreparedJob final : public TrainingJob {
 public:
  PreparedJob(const JobSpec& spec, std::unique_ptr<TaskData> data, std::unique_ptr<Backend> backend,
              LinkCostCache& known_costs, JobCheckpoints checkpoints)
      : spec_(spec),
        data_(std::move(data)),
        backend_(std::move(backend)),
        known_costs_(known_costs),
        checkpoints_(std::move(checkpoints)),
        saver_(spec.model_file(), spec.task->Describe()) {}

  absl::Status Plan(const JobPlanners& planners, const CancelCheck& cancelled);
  absl::Status MakeTrainer(const PrepareOptions& options);
  absl::StatusOr<JobSpec> WithoutEvaluation();
  void AddEvaluationNote();  // if `holdout` leaves nothing to evaluate

  const JobPlan& plan() const override { return plan_; }
  absl::StatusOr<JobReport> Run(JobObserver& observer, const RunControl& control) override;
  Parameters TakeParameters() override { return std::move(parameters_); }

 private:
  using Clock = std::chrono::steady_clock;

  absl::Status TrainSteps(JobObserver& observer, const RunControl& control, const CancelCheck& cancelled);
  void ShareProcessors(const RunControl& control, JobObserver& observer);
  absl::StatusOr<StepRecord> TrainStep(int64_t step, const CancelCheck& cancelled);
  // Evaluates after `step` if that is due and was not done before a stop. Returns whether training ends with this step.
  absl::StatusOr<bool> EvaluateIfDue(int64_t step, JobObserver& observer, const CancelCheck& cancelled);
  // Whether training ends with `step`.
  bool IsLast(int64_t step);
  void WatchPrediction(StepRecord& record, JobObserver& observer);
  void WatchData(JobObserver& observer);
  bool WriteCheckpoint(JobObserver& observer);  // whether it was written; the observer is told
  absl::Status SaveModel(int64_t step, const Parameters& parameters, JobObserver& observer);
  absl::Status EndEarly(const absl::Status& why, RunControl::Stop stop, JobObserver& observer);
  absl::StatusOr<JobReport> Conclude(JobObserver& observer, const CancelCheck& cancelled);
  void AddLastLoss(JobReport& report) const;
  absl::Status SaveLast(int64_t step, JobObserver& observer, const CancelCheck& cancelled);
  double TrainedSeconds() const {
    return seconds_before_ + std::chrono::duration<double>(Clock::now() - begin_).count();
  }
  // Evaluates after `step`, if anything is held out.
  absl::StatusOr<std::optional<Metric>> Evaluate(int64_t step, const Parameters& parameters, JobObserver& observer,
                                                 const CancelCheck& cancelled);

  const JobSpec spec_;
  const std::unique_ptr<TaskData> data_;
  const std::unique_ptr<Backend> backend_;
  LinkCostCache& known_costs_;
  LinkCostKey costs_key_;
  JobPlan plan_;
  std::unique_ptr<Trainer> trainer_;  // freed after training, so that evaluation can use its memory
  std::optional<LengthPlans> plans_;
  JobCheckpoints checkpoints_;
  ModelSaver saver_;
  Parameters parameters_;  // after training
  PredictionDrift drift_;
  bool prediction_missed_ = false;
  bool data_changed_ = false;
  RunControl::Processors processors_;  // of the last step
  StepStatistics statistics_;
  bool ended_by_time_ = false;
  bool ended_by_patience_ = false;
  Clock::time_point begin_;    // of this run
  double seconds_before_ = 0;  // of training in earlier runs
  int64_t first_step_ = 1;     // of this run
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_PREPARED_JOB_H_
