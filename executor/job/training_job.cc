// SPDX-License-Identifier: Apache-2.0
#include "executor/job/training_job.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "executor/backend/cpu/host_memory.h"
#include "executor/data/safetensors.h"
#include "executor/engine/trainer.h"
#include "executor/job/job_backend.h"
#include "executor/job/length_plans.h"
#include "executor/job/memory_plan.h"
#include "executor/job/prediction_drift.h"
#include "executor/job/training_data.h"
#include "executor/model/model_file.h"
#include "executor/model/parameters.h"
#include "planner_service/process/granted.h"

namespace recurve {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<int64_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

bool AllFinite(const Model& model) {
  return std::all_of(model.parameters.begin(), model.parameters.end(), [](const NamedTensor& tensor) {
    return std::all_of(tensor.values.begin(), tensor.values.end(), [](float value) { return std::isfinite(value); });
  });
}

class LanguageModelJob final : public TrainingJob {
 public:
  LanguageModelJob(const JobSpec& spec, TrainingData data, std::unique_ptr<Backend> backend, LinkCostCache& known_costs)
      : spec_(spec), data_(std::move(data)), backend_(std::move(backend)), known_costs_(known_costs) {}

  absl::Status Plan(const JobPlanners& planners, const CancelCheck& cancelled);

  const JobPlan& plan() const override { return plan_; }
  absl::StatusOr<JobReport> Run(JobObserver& observer, const CancelCheck& cancelled) override;

 private:
  absl::Status TrainSteps(JobObserver& observer, const CancelCheck& cancelled);
  absl::StatusOr<StepRecord> TrainStep(int64_t step, const CancelCheck& cancelled);
  void Count(const StepRecord& record, const MemoryPlan& plan);
  void WatchPrediction(StepRecord& record, JobObserver& observer);
  void Conclude(const Model& model);
  absl::Status Save(int64_t step, const Model& model, JobObserver& observer);
  absl::Status Evaluate(const Model& model, JobObserver& observer, const CancelCheck& cancelled);

  const JobSpec spec_;
  TrainingData data_;
  const std::unique_ptr<Backend> backend_;
  LinkCostCache& known_costs_;
  LinkCostKey costs_key_;
  JobPlan plan_;
  std::unique_ptr<Trainer> trainer_;  // gone once training is over, so that evaluation has its memory
  std::optional<LengthPlans> plans_;
  PredictionDrift drift_;
  bool prediction_missed_ = false;
  // Of the batches that were run, but for the first where there are others: it pays for pages that are touched for the
  // first time.
  std::vector<double> sweep_seconds_, predicted_seconds_;
  double seconds_ = 0;
  int64_t predictions_ = 0;
  int64_t positions_ = 0;
  JobReport report_;

  friend absl::StatusOr<std::unique_ptr<TrainingJob>> TrainingJob::Prepare(const JobSpec&, const JobPlanners&,
                                                                           LinkCostCache&, const CancelCheck&,
                                                                           const BackendDecorator&);
};

absl::Status LanguageModelJob::Plan(const JobPlanners& planners, const CancelCheck& cancelled) {
  absl::StatusOr<MemoryPlan> memory =
      PlanMemory(spec_, *backend_, planners, known_costs_, cancelled, data_.process_bytes());
  if (!memory.ok()) return memory.status();
  absl::StatusOr<LengthPlans> plans =
      LengthPlans::Make(spec_, *std::move(memory), data_.lengths(), planners, cancelled);
  if (!plans.ok()) return plans.status();
  plans_ = *std::move(plans);
  const MemoryPlan& longest = plans_->longest();
  const SequenceShape& shape = longest.options.shape;
  plan_.ledger = plans_->largest().PlannedLedger();
  plan_.store_all_bytes = longest.store_all_bytes;
  plan_.link = shape.link;
  plan_.links = shape.links();
  plan_.state_bytes = longest.link_bytes.state;
  plan_.tape_bytes = longest.link_bytes.tape;
  plan_.store_budget_bytes = longest.store_budget_bytes;
  plan_.train_bytes = data_.train_bytes();
  plan_.holdout_bytes = data_.holdout_bytes();
  plan_.lines = data_.lines();
  plan_.plans = plans_->count();
  plan_.parameters = ParameterLayout(longest.options.model).count();
  plan_.device = backend_->Describe();
  if (const ThreadChoice threads = ThreadsOf(spec_); !threads.note.empty()) plan_.notes.push_back(threads.note);
  plan_.costs = longest.costs;
  costs_key_ = longest.costs_key;
  plan_.plan = longest.plan;
  plan_.host_bytes = plans_->store().host_bytes;
  plan_.host = longest.replay.host;
  plan_.transfers = longest.transfers;
  if (backend_->OnHost()) {
    if (absl::Status status = cpu::CheckAvailable(plan_.ledger.total()); !status.ok()) return status;
  }
  absl::StatusOr<std::unique_ptr<Trainer>> trainer =
      Trainer::Create(longest.options, InitialModel(longest.options.model, spec_.seed), plans_->store(), *backend_);
  if (!trainer.ok()) return trainer.status();
  trainer_ = *std::move(trainer);
  return absl::OkStatus();
}

absl::StatusOr<JobReport> LanguageModelJob::Run(JobObserver& observer, const CancelCheck& cancelled) {
  if (trainer_ == nullptr) return absl::FailedPreconditionError("the job has been run already");
  if (absl::Status status = TrainSteps(observer, cancelled); !status.ok()) return status;
  const Model model = trainer_->Parameters();
  Conclude(model);
  trainer_.reset();
  if (absl::Status status = Save(spec_.steps, model, observer); !status.ok()) return status;
  if (absl::Status status = Evaluate(model, observer, cancelled); !status.ok()) return status;
  report_.resident_peak_bytes = PeakResidentBytes();
  return report_;
}

void LanguageModelJob::Conclude(const Model& model) {
  report_.steps = spec_.steps;
  report_.measured_peak_bytes = trainer_->arena().peak_bytes();
  report_.measured_host_peak_bytes = trainer_->host_peak_bytes();
  report_.seconds_per_batch = Median(sweep_seconds_);
  report_.predicted_seconds_per_batch = Median(predicted_seconds_);
  report_.predictions_per_second = static_cast<double>(predictions_) / seconds_;
  report_.padding_share = 1.0 - static_cast<double>(predictions_) / static_cast<double>(positions_);
  report_.weights_sha256 = Sha256Hex(model.parameters);
}

absl::Status LanguageModelJob::TrainSteps(JobObserver& observer, const CancelCheck& cancelled) {
  for (int64_t step = 1; step <= spec_.steps; ++step) {
    absl::StatusOr<StepRecord> record = TrainStep(step, cancelled);
    if (!record.ok()) return record.status();
    WatchPrediction(*record, observer);
    observer.OnStep(*record);
    observer.OnLedger(trainer_->arena().peak());
    if (const LinkRuns runs = backend_->CountLinkRuns(); runs.any()) observer.OnLinkRuns(runs);
    if (spec_.checkpoint_every > 0 && step % spec_.checkpoint_every == 0 && step < spec_.steps) {
      if (absl::Status status = Save(step, trainer_->Parameters(), observer); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<StepRecord> LanguageModelJob::TrainStep(int64_t step, const CancelCheck& cancelled) {
  if (cancelled && cancelled()) {
    return absl::CancelledError(absl::StrCat("cancelled after step ", step - 1, " of ", spec_.steps));
  }
  const Clock::time_point begin = Clock::now();
  const int64_t index = step - 1;
  const MemoryPlan& plan = plans_->For(data_.batches().StepsOf(index));
  data_.batches().Fill(index, {.steps = plan.options.shape.length,
                               .inputs = trainer_->inputs().data(),
                               .targets = trainer_->targets().data(),
                               .lengths = trainer_->lengths().data()});
  const absl::StatusOr<StepResult> result =
      trainer_->Step(plan.plan.schedule, data_.batches().StartsAfresh(index), cancelled);
  if (!result.ok()) return result.status();
  SequenceShape run = plan.options.shape;
  run.length = result->steps;  // a short batch may end before its last link does
  const double predicted =
      PredictSeconds(plan.plan.forward_count, run.links(), CostsOf(plan.measured, run)) + plan.TransferSeconds();
  const StepRecord record{.step = step,
                          .predictions = result->predictions,
                          .positions = result->steps * spec_.batch,
                          .loss = result->loss,
                          .gradient_norm = result->gradient_norm,
                          .learning_rate = result->learning_rate,
                          .seconds = SecondsSince(begin),
                          .batch_seconds = result->sweep_seconds,
                          .predicted_seconds = predicted,
                          .measured_peak_bytes = trainer_->arena().peak_bytes(),
                          .measured_host_peak_bytes = trainer_->host_peak_bytes(),
                          .plain_forwards = result->forwards.plain_forwards,
                          .taped_forwards = result->forwards.taped_forwards};
  Count(record, plan);
  return record;
}

void LanguageModelJob::Count(const StepRecord& record, const MemoryPlan& plan) {
  report_.planned_peak_bytes = std::max(report_.planned_peak_bytes, plan.PlannedLedger().total());
  report_.planned_host_peak_bytes = std::max(report_.planned_host_peak_bytes, plan.replay.host_peak_bytes);
  report_.loss = record.loss;
  report_.forward_count_per_batch = record.plain_forwards + record.taped_forwards;
  if (record.step == 1 && spec_.steps > 1) return;
  sweep_seconds_.push_back(record.batch_seconds);
  predicted_seconds_.push_back(record.predicted_seconds);
  seconds_ += record.seconds;
  predictions_ += record.predictions;
  positions_ += record.positions;
}

void LanguageModelJob::WatchPrediction(StepRecord& record, JobObserver& observer) {
  if (record.step == 1 && spec_.steps > 1) return;  // it pays for pages that are touched for the first time
  drift_.Add(record.batch_seconds, record.predicted_seconds);
  record.prediction_ratio = drift_.ratio();
  if (!drift_.missed() || prediction_missed_) return;
  prediction_missed_ = true;
  known_costs_.Forget(costs_key_);
  observer.OnPredictionMissed(record);
}

absl::Status LanguageModelJob::Save(int64_t step, const Model& model, JobObserver& observer) {
  if (!AllFinite(model)) {
    return absl::AbortedError(absl::StrCat("the weights are not finite after step ", step,
                                           ": they are not saved; lower learning_rate or weight_decay"));
  }
  if (spec_.save_path.empty()) return absl::OkStatus();
  const Clock::time_point begin = Clock::now();
  if (absl::Status status = SaveModel(spec_.save_path, model); !status.ok()) return status;
  observer.OnCheckpoint(step, SecondsSince(begin));
  return absl::OkStatus();
}

absl::Status LanguageModelJob::Evaluate(const Model& model, JobObserver& observer, const CancelCheck& cancelled) {
  const absl::StatusOr<std::optional<double>> bits = data_.Evaluate(model, *backend_, cancelled);
  if (!bits.ok()) return bits.status();
  report_.bits_per_byte = *bits;
  if (*bits) observer.OnEvaluation(spec_.steps, **bits);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TrainingJob>> TrainingJob::Prepare(const JobSpec& spec, const JobPlanners& planners,
                                                                  LinkCostCache& known_costs,
                                                                  const CancelCheck& cancelled,
                                                                  const BackendDecorator& decorate) {
  if (absl::Status status = CheckJobSpec(spec); !status.ok()) return status;
  if (!spec.save_path.empty()) {
    if (absl::Status status = CheckWritable(spec.save_path); !status.ok()) return status;
  }
  absl::StatusOr<TrainingData> data = TrainingData::Open(spec);
  if (!data.ok()) return data.status();
  absl::StatusOr<std::unique_ptr<Backend>> made = MakeJobBackend(spec);
  if (!made.ok()) return made.status();
  std::unique_ptr<Backend> backend = decorate ? decorate(*std::move(made)) : *std::move(made);
  JobSpec sized = spec;
  sized.length = data->lengths().back();  // what is longer does not come
  auto job = std::make_unique<LanguageModelJob>(sized, *std::move(data), std::move(backend), known_costs);
  if (absl::Status status = job->Plan(planners, cancelled); !status.ok()) return status;
  return job;
}

}  // namespace recurve
