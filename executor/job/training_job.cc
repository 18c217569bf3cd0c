// SPDX-License-Identifier: Apache-2.0
#include "executor/job/training_job.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "executor/backend/cpu/host_memory.h"
#include "executor/data/atomic_file.h"
#include "executor/data/file_identity.h"
#include "executor/data/safetensors.h"
#include "executor/engine/trainer.h"
#include "executor/job/job_backend.h"
#include "executor/job/length_plans.h"
#include "executor/job/link_sizing.h"
#include "executor/job/median.h"
#include "executor/job/memory_plan.h"
#include "executor/job/model_saver.h"
#include "executor/job/prediction_drift.h"
#include "executor/model/model_file.h"
#include "planner_service/process/granted.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

std::vector<NamedFile> InputFiles(const JobSpec& spec) {
  TaskSpec task = spec.task;
  std::vector<NamedFile> inputs;
  for (const TaskOptions::Input& input : task->Inputs()) inputs.push_back({input.field, *input.path});
  return inputs;
}

AtomicFile::Links LinksOf(const JobSpec& spec) {
  return spec.save_through_links ? AtomicFile::Links::kFollow : AtomicFile::Links::kRefuse;
}

class PreparedJob final : public TrainingJob {
 public:
  PreparedJob(const JobSpec& spec, std::unique_ptr<TaskData> data, std::unique_ptr<Backend> backend,
              LinkCostCache& known_costs)
      : spec_(spec),
        data_(std::move(data)),
        backend_(std::move(backend)),
        known_costs_(known_costs),
        saver_(spec.save_path, spec.task->Describe(), LinksOf(spec)) {}

  absl::Status Plan(const JobPlanners& planners, const CancelCheck& cancelled);
  absl::StatusOr<JobSpec> WithoutEvaluation();
  void AddEvaluationNote();  // if `holdout` leaves nothing to evaluate

  const JobPlan& plan() const override { return plan_; }
  absl::StatusOr<JobReport> Run(JobObserver& observer, const CancelCheck& cancelled) override;
  Parameters TakeParameters() override { return std::move(parameters_); }

 private:
  absl::Status TrainSteps(JobObserver& observer, const CancelCheck& cancelled);
  absl::StatusOr<StepRecord> TrainStep(int64_t step, const CancelCheck& cancelled);
  void Count(const StepRecord& record, const MemoryPlan& plan);
  void WatchPrediction(StepRecord& record, JobObserver& observer);
  void WatchData(JobObserver& observer);
  absl::Status SaveCheckpoint(int64_t step, JobObserver& observer);
  absl::Status EndEarly(const absl::Status& why, JobObserver& observer);
  void Conclude();
  absl::Status SaveLast(JobObserver& observer, const CancelCheck& cancelled);
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
  ModelSaver saver_;
  Parameters parameters_;  // after training
  PredictionDrift drift_;
  bool prediction_missed_ = false;
  bool data_changed_ = false;
  // Of the batches run, without the first if there are others: it includes the page faults of first touches.
  std::vector<double> sweep_seconds_, predicted_seconds_;
  double seconds_ = 0;
  int64_t predictions_ = 0;
  int64_t positions_ = 0;
  JobReport report_;

  friend absl::StatusOr<std::unique_ptr<TrainingJob>> TrainingJob::Prepare(const JobSpec&, const JobPlanners&,
                                                                           LinkCostCache&, const CancelCheck&,
                                                                           const BackendDecorator&);
};

// The job with the memory that evaluations between steps leave to training.
absl::StatusOr<JobSpec> PreparedJob::WithoutEvaluation() {
  JobSpec spec = spec_;
  if (spec.evaluate_every == 0) return spec;
  plan_.evaluation_bytes = spec.task->EvaluationBytes(*backend_);
  auto* total = std::get_if<TotalBytes>(&spec.memory);
  if (total == nullptr) return spec;  // a share limits the activations only
  total->bytes -= plan_.evaluation_bytes;
  if (total->bytes > 0) return spec;
  return absl::FailedPreconditionError(absl::StrCat("memory is ", std::get<TotalBytes>(spec_.memory).bytes,
                                                    " bytes, too little: the evaluation every ", spec.evaluate_every,
                                                    " steps alone needs ", plan_.evaluation_bytes));
}

absl::Status PreparedJob::Plan(const JobPlanners& planners, const CancelCheck& cancelled) {
  ASSIGN_OR_RETURN(const JobSpec spec, WithoutEvaluation());
  absl::StatusOr<MemoryPlan> memory =
      PlanMemory(spec, *backend_, planners, known_costs_, cancelled, data_->HeldBytes());
  if (absl::IsFailedPrecondition(memory.status()) && plan_.evaluation_bytes > 0) {
    return absl::FailedPreconditionError(absl::StrCat(memory.status().message(), "; ", plan_.evaluation_bytes,
                                                      " bytes more are for the evaluation every ", spec_.evaluate_every,
                                                      " steps"));
  }
  if (!memory.ok()) return memory.status();
  ASSIGN_OR_RETURN(LengthPlans plans,
                   LengthPlans::Make(spec, *std::move(memory), data_->lengths(), planners, cancelled));
  plans_ = std::move(plans);
  const MemoryPlan& longest = plans_->longest();
  const SequenceShape& shape = longest.options.shape;
  plan_.ledger = plans_->largest().PlannedLedger();
  plan_.store_all_bytes = longest.store_all_bytes();
  plan_.link = shape.link;
  plan_.links = shape.links();
  plan_.state_bytes = longest.link_bytes.state;
  plan_.tape_bytes = longest.link_bytes.tape;
  plan_.store_budget_bytes = longest.store_budget_bytes;
  plan_.data = data_->Summary();
  plan_.model = spec_.task->Title();
  if (const std::vector<NamedFile> inputs = InputFiles(spec_); !inputs.empty()) plan_.data_path = inputs.front().path;
  AddEvaluationNote();
  plan_.plans = plans_->count();
  plan_.parameters = spec_.task->Layout().count();
  plan_.device = backend_->Describe();
  if (const ThreadChoice threads = ThreadsOf(spec_); !threads.note.empty()) plan_.notes.push_back(threads.note);
  plan_.costs = longest.costs;
  costs_key_ = longest.costs_key;
  plan_.plan = longest.plan;
  plan_.host_bytes = plans_->store().host_bytes;
  plan_.host = longest.replay.host;
  plan_.transfers = longest.transfers;
  if (backend_->OnHost()) {
    RETURN_IF_ERROR(cpu::CheckAvailable(plan_.ledger.total()));
  }
  const Parameters initial =
      longest.options.model({}, TrainableModel::Use::kForwardOnly, *backend_)->InitialParameters(spec_.seed);
  ASSIGN_OR_RETURN(trainer_, Trainer::Create(longest.options, initial, plans_->store(), *backend_));
  return absl::OkStatus();
}

void PreparedJob::AddEvaluationNote() {
  TaskSpec task = spec_.task;
  if (task->holdout() == 0 || data_->holds_out()) return;
  plan_.notes.push_back(absl::StrCat("nothing is evaluated: holdout is ", task->holdout(), ", and the last ",
                                     plan_.data.held_out, " of ", plan_.data.train + plan_.data.held_out, " ",
                                     plan_.data.unit, "s have ",
                                     plan_.data.sequences ? "no sequence" : "nothing to predict",
                                     "; give more data or a larger holdout, or 0 for none"));
}

absl::StatusOr<JobReport> PreparedJob::Run(JobObserver& observer, const CancelCheck& cancelled) {
  if (trainer_ == nullptr) return absl::FailedPreconditionError("the job has been run already");
  if (absl::Status status = TrainSteps(observer, cancelled); !status.ok()) return EndEarly(status, observer);
  parameters_ = trainer_->DownloadParameters();
  Conclude();
  trainer_.reset();
  RETURN_IF_ERROR(SaveLast(observer, cancelled));
  const absl::StatusOr<std::optional<Metric>> evaluation = Evaluate(report_.steps, parameters_, observer, cancelled);
  if (!evaluation.ok()) {
    const absl::string_view what = absl::IsCancelled(evaluation.status())
                                       ? absl::string_view("stopped while evaluating")
                                       : evaluation.status().message();
    return absl::Status(evaluation.status().code(),
                        absl::StrCat(what, ", after the last step; ",
                                     saver_.Keep(report_.steps, parameters_, /*keep_checkpoint=*/false)));
  }
  report_.evaluation = *evaluation;
  report_.resident_peak_bytes = PeakResidentBytes();
  return report_;
}

void PreparedJob::Conclude() {
  report_.measured_peak_bytes = trainer_->arena().peak_bytes();
  report_.measured_host_peak_bytes = trainer_->host_peak_bytes();
  report_.seconds_per_batch = Median(sweep_seconds_);
  report_.predicted_seconds_per_batch = Median(predicted_seconds_);
  report_.predictions_per_second = static_cast<double>(predictions_) / seconds_;
  report_.padding_share = 1.0 - static_cast<double>(predictions_) / static_cast<double>(positions_);
  report_.weights_sha256 = Sha256Hex(parameters_);
}

absl::Status PreparedJob::TrainSteps(JobObserver& observer, const CancelCheck& cancelled) {
  const Clock::time_point begin = Clock::now();
  bool last = false;
  for (int64_t step = 1; !last; ++step) {
    ASSIGN_OR_RETURN(StepRecord record, TrainStep(step, cancelled));
    WatchPrediction(record, observer);
    WatchData(observer);
    observer.OnStep(record);
    observer.OnLedger(trainer_->arena().peak());
    if (const LinkRuns runs = backend_->CountLinkRuns(); runs.any()) observer.OnLinkRuns(runs);
    report_.steps = step;
    report_.ended_by_time = step < spec_.steps && spec_.max_seconds > 0 && SecondsSince(begin) >= spec_.max_seconds;
    last = step == spec_.steps || report_.ended_by_time;
    if (spec_.checkpoint_every.steps > 0 && step % spec_.checkpoint_every.steps == 0 && !last) {
      RETURN_IF_ERROR(SaveCheckpoint(step, observer));
    }
    if (spec_.evaluate_every > 0 && step % spec_.evaluate_every == 0 && !last) {
      RETURN_IF_ERROR(Evaluate(step, trainer_->DownloadParameters(), observer, cancelled).status());
    }
  }
  return absl::OkStatus();
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
  Count(record, plan);
  return record;
}

void PreparedJob::Count(const StepRecord& record, const MemoryPlan& plan) {
  report_.planned_peak_bytes = std::max(report_.planned_peak_bytes, plan.PlannedLedger().total());
  report_.planned_host_peak_bytes = std::max(report_.planned_host_peak_bytes, plan.replay.host_peak_bytes);
  report_.loss = record.loss;
  report_.metric = record.metric;
  report_.forward_count_per_batch = record.plain_forwards + record.taped_forwards;
  if (record.step == 2) {
    sweep_seconds_.clear();
    predicted_seconds_.clear();
    seconds_ = 0;
    predictions_ = positions_ = 0;
  }
  sweep_seconds_.push_back(record.batch_seconds);
  predicted_seconds_.push_back(record.predicted_seconds);
  seconds_ += record.seconds;
  predictions_ += record.predictions;
  positions_ += record.positions;
}

void PreparedJob::WatchPrediction(StepRecord& record, JobObserver& observer) {
  if (record.step == 1 && spec_.steps > 1) return;  // it includes the page faults of first touches
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

// Training continues after a checkpoint that cannot be written, since a later one may succeed, but not with weights
// that are not finite.
absl::Status PreparedJob::SaveCheckpoint(int64_t step, JobObserver& observer) {
  const Clock::time_point begin = Clock::now();
  const absl::Status status = saver_.Save(step, trainer_->DownloadParameters());
  if (absl::IsAborted(status)) return status;
  if (!status.ok()) {
    observer.OnCheckpointFailed(step, status);
  } else if (saver_.saves()) {
    observer.OnCheckpoint(step, SecondsSince(begin));
  }
  return absl::OkStatus();
}

// The weights are those after the last complete step, whatever ended the current one.
absl::Status PreparedJob::EndEarly(const absl::Status& why, JobObserver& observer) {
  const Clock::time_point begin = Clock::now();
  const int64_t step = trainer_->steps_done();
  const int64_t saved_before = saver_.saved_step();
  const Parameters parameters = trainer_->DownloadParameters();
  const bool device_works = backend_->Synchronize().ok();
  const std::string kept = device_works ? saver_.Keep(step, parameters, /*keep_checkpoint=*/!absl::IsCancelled(why))
                                        : absl::StrCat("the device lost the weights; ", saver_.WhatStays());
  trainer_.reset();
  if (saver_.saved_step() != saved_before) observer.OnCheckpoint(step, SecondsSince(begin));
  if (!absl::IsCancelled(why)) return {why.code(), absl::StrCat(why.message(), "; ", kept)};
  return absl::CancelledError(step == 0 ? absl::StrCat("stopped before the first step was done; ", kept)
                                        : absl::StrCat("stopped after step ", step, " of ", spec_.steps, "; ", kept));
}

absl::Status PreparedJob::SaveLast(JobObserver& observer, const CancelCheck& cancelled) {
  const Clock::time_point begin = Clock::now();
  absl::Status status = saver_.SaveLast(report_.steps, parameters_, cancelled);
  if (status.ok() && saver_.saves()) observer.OnCheckpoint(report_.steps, SecondsSince(begin));
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
  return *std::move(metric);
}

}  // namespace

absl::Status CheckJobFiles(const JobSpec& spec, const std::string& cache_path) {
  RETURN_IF_ERROR(
      CheckDistinct(InputFiles(spec), {{"the cache of link costs", cache_path}, {"save_path", spec.save_path}}));
  if (spec.save_path.empty()) return absl::OkStatus();
  return CheckModelCanBeSaved(spec.save_path, spec.task->Layout().count(), LinksOf(spec));
}

absl::StatusOr<std::unique_ptr<TrainingJob>> TrainingJob::Prepare(const JobSpec& spec, const JobPlanners& planners,
                                                                  LinkCostCache& known_costs,
                                                                  const CancelCheck& cancelled,
                                                                  const BackendDecorator& decorate) {
  RETURN_IF_ERROR(CheckJobSpec(spec));
  if (std::holds_alternative<AllFree>(spec.memory)) {
    return absl::InvalidArgumentError("memory is all that is free, which only a daemon knows; give bytes or a share");
  }
  RETURN_IF_ERROR(CheckJobFiles(spec, known_costs.path()));
  ASSIGN_OR_RETURN(std::unique_ptr<TaskData> data,
                   spec.task->Open({.batch = spec.batch, .length = spec.length, .seed = spec.seed}, cancelled));
  ASSIGN_OR_RETURN(std::unique_ptr<Backend> made, MakeJobBackend(spec));
  std::unique_ptr<Backend> backend = decorate ? decorate(std::move(made)) : std::move(made);
  JobSpec sized = spec;
  sized.length = data->lengths().back();  // no batch is longer
  auto job = std::make_unique<PreparedJob>(sized, std::move(data), std::move(backend), known_costs);
  RETURN_IF_ERROR(job->Plan(planners, cancelled));
  return job;
}

}  // namespace recurve
