// SPDX-License-Identifier: Apache-2.0
#include "executor/job/prepared_job.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "executor/data/safetensors.h"
#include "planner_service/process/granted.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

double SecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

absl::StatusOr<JobReport> PreparedJob::Run(JobObserver& observer, const RunControl& control) {
  if (trainer_ == nullptr) return absl::FailedPreconditionError("the job has been run already");
  RunControl::Stop stop = RunControl::Stop::kNo;
  const CancelCheck cancelled = [&] {
    if (stop == RunControl::Stop::kNo) stop = control.Asked();
    return stop != RunControl::Stop::kNo;
  };
  begin_ = Clock::now();
  if (checkpoints_.resumed()) observer.OnResume(trainer_->steps_done(), checkpoints_.progress().history.Points());
  if (absl::Status status = TrainSteps(observer, control, cancelled); !status.ok())
    return EndEarly(status, stop, observer);
  return Conclude(observer, cancelled);
}

absl::StatusOr<JobReport> PreparedJob::Conclude(JobObserver& observer, const CancelCheck& cancelled) {
  const int64_t step = trainer_->steps_done();
  if (checkpoints_.enabled()) WriteCheckpoint(observer);
  parameters_ = trainer_->DownloadParameters();
  JobReport report = statistics_.Report();
  if (report.steps == 0) AddLastLoss(report);
  report.steps = step;
  report.ended_by_time = ended_by_time_;
  report.ended_by_patience = ended_by_patience_;
  report.measured_peak_bytes = trainer_->arena().peak_bytes();
  report.measured_host_peak_bytes = trainer_->host_peak_bytes();
  report.weights_sha256 = Sha256Hex(parameters_);
  trainer_.reset();
  const bool keep_best = spec_.keep_best && data_->holds_out();
  if (!keep_best) RETURN_IF_ERROR(SaveLast(step, observer, cancelled));
  const absl::StatusOr<std::optional<Metric>> evaluation = Evaluate(step, parameters_, observer, cancelled);
  if (!evaluation.ok()) {
    const absl::string_view what = absl::IsCancelled(evaluation.status())
                                       ? absl::string_view("stopped while evaluating")
                                       : evaluation.status().message();
    return absl::Status(
        evaluation.status().code(),
        absl::StrCat(what, ", after the last step; ", saver_.Keep(step, parameters_, /*keep_checkpoint=*/keep_best)));
  }
  const BestEvaluation& best = checkpoints_.progress().best;
  if (keep_best && best.step == step) RETURN_IF_ERROR(SaveLast(step, observer, cancelled));
  report.evaluation = *evaluation;
  report.best_step = best.step;
  report.best_metric = best.value;
  report.resident_peak_bytes = PeakResidentBytes();
  return report;
}

// For a job that had been trained already.
void PreparedJob::AddLastLoss(JobReport& report) const {
  report.planned_peak_bytes = plan_.ledger.total();
  report.loss = checkpoints_.progress().loss;
  report.metric = spec_.task->MetricOf(report.loss);
}

bool PreparedJob::IsLast(int64_t step) {
  if (step >= spec_.steps) return true;
  ended_by_time_ = spec_.max_seconds > 0 && TrainedSeconds() >= spec_.max_seconds;
  const BestEvaluation& best = checkpoints_.progress().best;
  ended_by_patience_ = !ended_by_time_ && spec_.patience > 0 && best.step > 0 && best.since >= spec_.patience;
  return ended_by_time_ || ended_by_patience_;
}

void PreparedJob::ShareProcessors(const RunControl& control, JobObserver& observer) {
  if (!control.processors) return;
  const int before = std::exchange(processors_, control.processors()).threads;
  if (processors_.threads == 0 || processors_.threads == before) return;
  const absl::Status status = backend_->UseThreads(processors_.threads);
  if (!status.ok()) observer.OnNote(std::string(status.message()));
}

absl::Status PreparedJob::TrainSteps(JobObserver& observer, const RunControl& control, const CancelCheck& cancelled) {
  bool last = false;
  if (checkpoints_.resumed()) {
    ASSIGN_OR_RETURN(last, EvaluateIfDue(trainer_->steps_done(), observer, cancelled));
  }
  while (!last) {
    const int64_t step = trainer_->steps_done() + 1;
    ShareProcessors(control, observer);
    ASSIGN_OR_RETURN(StepRecord record, TrainStep(step, cancelled));
    WatchPrediction(record, observer);
    WatchData(observer);
    checkpoints_.progress().history.Add({.step = step, .loss = record.loss, .metric = record.metric.value});
    checkpoints_.progress().loss = record.loss;
    observer.OnStep(record);
    observer.OnLedger(trainer_->arena().peak());
    if (const LinkRuns runs = backend_->CountLinkRuns(); runs.any()) observer.OnLinkRuns(runs);
    ASSIGN_OR_RETURN(last, EvaluateIfDue(step, observer, cancelled));
    if (last || !checkpoints_.Due(step, TrainedSeconds())) continue;
    if (checkpoints_.enabled()) {
      observer.OnCheckpointDue();
      WriteCheckpoint(observer);
    } else {
      checkpoints_.Skipped(TrainedSeconds());
    }
    if (checkpoints_.saves_model() && !spec_.keep_best) {
      RETURN_IF_ERROR(SaveModel(step, trainer_->DownloadParameters(), observer));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> PreparedJob::EvaluateIfDue(int64_t step, JobObserver& observer, const CancelCheck& cancelled) {
  const bool last = IsLast(step);
  const bool due = spec_.evaluate_every > 0 && step % spec_.evaluate_every == 0;
  if (due && !last && checkpoints_.progress().evaluated_step < step) {
    RETURN_IF_ERROR(Evaluate(step, trainer_->DownloadParameters(), observer, cancelled).status());
  }
  return last || IsLast(step);  // an evaluation may exhaust patience
}

absl::StatusOr<StepRecord> PreparedJob::TrainStep(int64_t step, const CancelCheck& cancelled) {
  if (cancelled && cancelled()) return absl::CancelledError("cancelled");
  const Clock::time_point begin = Clock::now();
  const int64_t index = step - 1;
  ASSIGN_OR_RETURN(const int64_t steps, data_->StepsOf(index, cancelled));
  const MemoryPlan& plan = plans_->For(steps);
  const HostBatch batch{
      .block = trainer_->batch(), .shape = plans_->longest().options.shape, .steps = plan.options.shape.length};
  RETURN_IF_ERROR(data_->Fill(index, batch, cancelled));
  ASSIGN_OR_RETURN(const StepResult result, trainer_->Step(plan.plan.schedule, data_->StartsAfresh(index), cancelled));
  SequenceShape run = plan.options.shape;
  run.length = result.size.steps;  // a short batch may end before its last link does
  const double predicted =
      plan.differing != nullptr
          ? *plan.plan.predicted_seconds
          : PredictSeconds(plan.plan.forward_count, run.links(), CostsOf(plan.measured, run)) + plan.TransferSeconds();
  const StepRecord record{.step = step,
                          .predictions = result.size.predictions,
                          .positions = result.size.steps * spec_.batch,
                          .loss = result.loss,
                          .metric = spec_.task->MetricOf(result.loss),
                          .gradient_norm = result.gradient_norm,
                          .learning_rate = result.learning_rate,
                          .seconds = SecondsSince(begin),
                          .batch_seconds = result.sweep_seconds,
                          .predicted_seconds = predicted,
                          .measured_peak_bytes = trainer_->arena().peak_bytes(),
                          .measured_host_peak_bytes = trainer_->host_peak_bytes(),
                          .plain_forwards = result.forwards.plain_forwards,
                          .taped_forwards = result.forwards.taped_forwards};
  statistics_.Add(record, plan);
  return record;
}

void PreparedJob::WatchPrediction(StepRecord& record, JobObserver& observer) {
  // The first step of a run includes the page faults of first touches.
  if ((record.step == first_step_ && spec_.steps > record.step) || processors_.shared) return;
  drift_.Add(record.batch_seconds, record.predicted_seconds);
  record.prediction_ratio = drift_.ratio();
  if (!drift_.missed() || prediction_missed_) return;
  prediction_missed_ = true;
  known_costs_.Forget(costs_key_);
  observer.OnPredictionMissed(record);
}

void PreparedJob::WatchData(JobObserver& observer) {
  if (data_changed_) return;
  const std::string change = data_->Change();
  if (change.empty()) return;
  data_changed_ = true;
  observer.OnNote(change);
}

// Training continues after a checkpoint that cannot be written, since a later one may succeed.
bool PreparedJob::WriteCheckpoint(JobObserver& observer) {
  const Clock::time_point begin = Clock::now();
  const absl::StatusOr<int64_t> bytes = checkpoints_.Write(*trainer_, TrainedSeconds());
  const int64_t step = trainer_->steps_done();
  if (!bytes.ok()) {
    observer.OnCheckpointFailed(step, bytes.status());
    return false;
  }
  observer.OnCheckpoint({.step = step, .seconds = SecondsSince(begin), .resumable = true, .size_bytes = *bytes});
  return true;
}

// Training does not continue with weights that are not finite.
absl::Status PreparedJob::SaveModel(int64_t step, const Parameters& parameters, JobObserver& observer) {
  const Clock::time_point begin = Clock::now();
  absl::Status status = saver_.Save(step, parameters);
  if (absl::IsAborted(status)) return status;
  if (!status.ok()) {
    observer.OnCheckpointFailed(step, status);
  } else if (saver_.saves()) {
    observer.OnCheckpoint({.step = step, .seconds = SecondsSince(begin)});
  }
  return absl::OkStatus();
}

// The weights are those after the last complete step, whatever ended the current one.
absl::Status PreparedJob::EndEarly(const absl::Status& why, RunControl::Stop stop, JobObserver& observer) {
  const Clock::time_point begin = Clock::now();
  const int64_t step = trainer_->steps_done();
  const bool device_works = backend_->Synchronize().ok();
  const bool resumable =
      absl::IsCancelled(why) && checkpoints_.enabled() && device_works && step > 0 && WriteCheckpoint(observer);
  if (stop == RunControl::Stop::kYield) {
    trainer_.reset();
    return absl::CancelledError(absl::StrCat("stopped after step ", step, " of ", spec_.steps));
  }
  const int64_t saved_before = saver_.saved_step();
  const Parameters parameters = trainer_->DownloadParameters();
  const bool keep_checkpoint = !absl::IsCancelled(why) || spec_.keep_best;
  std::string kept = device_works ? saver_.Keep(step, parameters, keep_checkpoint)
                                  : absl::StrCat("the device lost the weights; ", saver_.WhatStays());
  if (resumable) {
    kept = absl::StrCat("its checkpoint is in ", checkpoints_.path(), saver_.saves() ? "; " : "",
                        saver_.saves() ? kept : "");
  }
  trainer_.reset();
  if (saver_.saved_step() != saved_before) observer.OnCheckpoint({.step = step, .seconds = SecondsSince(begin)});
  if (!absl::IsCancelled(why)) return {why.code(), absl::StrCat(why.message(), "; ", kept)};
  return absl::CancelledError(step == 0 ? absl::StrCat("stopped before the first step was done; ", kept)
                                        : absl::StrCat("stopped after step ", step, " of ", spec_.steps, "; ", kept));
}

absl::Status PreparedJob::SaveLast(int64_t step, JobObserver& observer, const CancelCheck& cancelled) {
  const Clock::time_point begin = Clock::now();
  absl::Status status = saver_.SaveLast(step, parameters_, cancelled);
  if (status.ok() && saver_.saves()) observer.OnCheckpoint({.step = step, .seconds = SecondsSince(begin)});
  return status;
}

absl::StatusOr<std::optional<Metric>> PreparedJob::Evaluate(int64_t step, const Parameters& parameters,
                                                            JobObserver& observer, const CancelCheck& cancelled) {
  if (!data_->holds_out()) return std::nullopt;
  const auto progress = [&](int64_t done) { observer.OnEvaluationProgress(done, plan_.data.held_out); };
  absl::StatusOr<Metric> metric = data_->Evaluate(parameters, *backend_, cancelled, progress);
  WatchData(observer);
  if (!metric.ok()) return metric.status();
  observer.OnEvaluation(step, *metric);
  TrainingProgress& training = checkpoints_.progress();
  training.evaluated_step = step;
  training.history.Add({.step = step, .metric = metric->value, .held_out = true});
  const bool improved = training.best.Add(step, metric->value);
  const bool during_training = trainer_ != nullptr;
  if (improved && spec_.keep_best && during_training) RETURN_IF_ERROR(SaveModel(step, parameters, observer));
  return *std::move(metric);
}

}  // namespace recurve
