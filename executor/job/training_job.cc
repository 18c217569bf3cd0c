// SPDX-License-Identifier: Apache-2.0
#include "executor/job/training_job.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "executor/data/safetensors.h"
#include "executor/data/text_corpus.h"
#include "executor/engine/inference.h"
#include "executor/engine/trainer.h"
#include "executor/job/job_backend.h"
#include "executor/job/memory_plan.h"
#include "executor/job/prediction_drift.h"
#include "executor/model/model_file.h"
#include "executor/model/parameters.h"

namespace recurve {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// The first value is left out if there are others: it pays for pages that are touched for the first time.
double MedianAfterFirst(std::vector<double> values) {
  if (values.size() > 1) values.erase(values.begin());
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
  LanguageModelJob(const JobSpec& spec, std::unique_ptr<TextCorpus> corpus, const WindowBatches& windows,
                   std::unique_ptr<Backend> backend, LinkCostCache& known_costs)
      : spec_(spec),
        corpus_(std::move(corpus)),
        windows_(windows),
        backend_(std::move(backend)),
        known_costs_(known_costs) {}

  absl::Status Plan(Planner& planner, const CancelCheck& cancelled);

  const JobPlan& plan() const override { return plan_; }
  absl::StatusOr<JobReport> Run(JobObserver& observer, const CancelCheck& cancelled) override;

 private:
  std::span<const uint8_t> holdout() const {
    return corpus_->bytes().subspan(corpus_->bytes().size() - static_cast<size_t>(plan_.holdout_bytes));
  }
  absl::Status TrainSteps(JobObserver& observer, const CancelCheck& cancelled);
  absl::StatusOr<StepRecord> TrainStep(int64_t step, const CancelCheck& cancelled);
  void WatchPrediction(StepRecord& record, JobObserver& observer);
  absl::Status Save(int64_t step, const Model& model, JobObserver& observer);
  absl::Status Evaluate(const Model& model, JobObserver& observer, const CancelCheck& cancelled);

  const JobSpec spec_;
  const std::unique_ptr<TextCorpus> corpus_;
  WindowBatches windows_;
  const std::unique_ptr<Backend> backend_;
  LinkCostCache& known_costs_;
  LinkCostKey costs_key_;
  JobPlan plan_;
  std::unique_ptr<Trainer> trainer_;  // gone once training is over, so that evaluation has its memory
  std::vector<double> sweep_seconds_;
  std::optional<PredictionDrift> drift_;
  bool prediction_missed_ = false;
  JobReport report_;

  friend absl::StatusOr<std::unique_ptr<TrainingJob>> TrainingJob::Prepare(const JobSpec&, Planner&, LinkCostCache&,
                                                                           const CancelCheck&);
};

absl::Status LanguageModelJob::Plan(Planner& planner, const CancelCheck& cancelled) {
  absl::StatusOr<MemoryPlan> memory = PlanMemory(spec_, *backend_, planner, known_costs_, cancelled);
  if (!memory.ok()) return memory.status();
  const SequenceShape& shape = memory->options.shape;
  plan_.ledger = memory->PlannedLedger();
  plan_.store_all_bytes = memory->store_all_bytes;
  plan_.link = shape.link;
  plan_.links = shape.links();
  plan_.state_bytes = memory->link_bytes.state;
  plan_.tape_bytes = memory->link_bytes.tape;
  plan_.store_budget_bytes = memory->store_budget_bytes;
  plan_.parameters = ParameterLayout(memory->options.model).count();
  plan_.device = backend_->Describe();
  plan_.costs = memory->costs;
  costs_key_ = std::move(memory->costs_key);
  plan_.plan = std::move(memory->plan);
  drift_.emplace(*plan_.plan.predicted_seconds);

  StoreNeeds store;
  store.Include(memory->replay);
  absl::StatusOr<std::unique_ptr<Trainer>> trainer =
      Trainer::Create(memory->options, InitialModel(memory->options.model, spec_.seed), store, *backend_);
  if (!trainer.ok()) return trainer.status();
  trainer_ = *std::move(trainer);
  return absl::OkStatus();
}

absl::StatusOr<JobReport> LanguageModelJob::Run(JobObserver& observer, const CancelCheck& cancelled) {
  if (trainer_ == nullptr) return absl::FailedPreconditionError("the job has been run already");
  if (absl::Status status = TrainSteps(observer, cancelled); !status.ok()) return status;
  const Model model = trainer_->Parameters();
  report_.steps = spec_.steps;
  report_.planned_peak_bytes = plan_.ledger.total();
  report_.measured_peak_bytes = trainer_->arena().peak_bytes();
  report_.seconds_per_batch = MedianAfterFirst(sweep_seconds_);
  report_.predicted_seconds_per_batch = *plan_.plan.predicted_seconds;
  report_.weights_sha256 = Sha256Hex(model.parameters);
  trainer_.reset();
  if (absl::Status status = Save(spec_.steps, model, observer); !status.ok()) return status;
  if (absl::Status status = Evaluate(model, observer, cancelled); !status.ok()) return status;
  return report_;
}

absl::Status LanguageModelJob::TrainSteps(JobObserver& observer, const CancelCheck& cancelled) {
  for (int64_t step = 1; step <= spec_.steps; ++step) {
    absl::StatusOr<StepRecord> record = TrainStep(step, cancelled);
    if (!record.ok()) return record.status();
    WatchPrediction(*record, observer);
    observer.OnStep(*record);
    observer.OnLedger(trainer_->arena().peak());
    report_.loss = record->loss;
    report_.forward_count_per_batch = record->plain_forwards + record->taped_forwards;
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
  windows_.Fill(step - 1, {.steps = spec_.length,
                           .inputs = trainer_->inputs().data(),
                           .targets = trainer_->targets().data(),
                           .lengths = nullptr});
  const absl::StatusOr<StepResult> result =
      trainer_->Step(plan_.plan.schedule, windows_.StartsAfresh(step - 1), cancelled);
  if (!result.ok()) return result.status();
  sweep_seconds_.push_back(result->sweep_seconds);
  return StepRecord{.step = step,
                    .loss = result->loss,
                    .gradient_norm = result->gradient_norm,
                    .learning_rate = result->learning_rate,
                    .seconds = SecondsSince(begin),
                    .batch_seconds = result->sweep_seconds,
                    .measured_peak_bytes = trainer_->arena().peak_bytes(),
                    .plain_forwards = result->forwards.plain_forwards,
                    .taped_forwards = result->forwards.taped_forwards};
}

void LanguageModelJob::WatchPrediction(StepRecord& record, JobObserver& observer) {
  if (record.step == 1 && spec_.steps > 1) return;  // it pays for pages that are touched for the first time
  drift_->Add(record.batch_seconds);
  record.prediction_ratio = drift_->ratio();
  if (!drift_->missed() || prediction_missed_) return;
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
  if (holdout().size() < 2) return absl::OkStatus();
  const absl::StatusOr<double> bits = EvaluateBitsPerByte(model, holdout(), *backend_, cancelled);
  if (!bits.ok()) return bits.status();
  report_.bits_per_byte = *bits;
  observer.OnEvaluation(spec_.steps, *bits);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TrainingJob>> TrainingJob::Prepare(const JobSpec& spec, Planner& planner,
                                                                  LinkCostCache& known_costs,
                                                                  const CancelCheck& cancelled) {
  if (absl::Status status = CheckJobSpec(spec); !status.ok()) return status;
  if (!spec.save_path.empty()) {
    if (absl::Status status = CheckWritable(spec.save_path); !status.ok()) return status;
  }
  absl::StatusOr<std::unique_ptr<TextCorpus>> corpus = TextCorpus::Open(spec.data_path);
  if (!corpus.ok()) return corpus.status();
  const std::span<const uint8_t> bytes = (*corpus)->bytes();
  const auto holdout = static_cast<int64_t>(std::floor(spec.holdout * static_cast<double>(bytes.size())));
  const auto train = static_cast<int64_t>(bytes.size()) - holdout;
  absl::StatusOr<WindowBatches> windows = WindowBatches::Create(bytes.first(train), spec.batch, spec.length);
  if (!windows.ok()) return windows.status();
  absl::StatusOr<std::unique_ptr<Backend>> backend = MakeJobBackend(spec);
  if (!backend.ok()) return backend.status();
  auto job = std::make_unique<LanguageModelJob>(spec, *std::move(corpus), *windows, *std::move(backend), known_costs);
  job->plan_.train_bytes = train;
  job->plan_.holdout_bytes = holdout;
  if (absl::Status status = job->Plan(planner, cancelled); !status.ok()) return status;
  return job;
}

}  // namespace recurve
