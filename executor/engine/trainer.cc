// SPDX-License-Identifier: Apache-2.0
#include "executor/engine/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr char kCarriedState[] = "carried_state";
constexpr int64_t kFixedPieces = 13;  // at least the pieces that TakeFixedMemory takes

std::unique_ptr<TrainableModel> MakeModel(const TrainerOptions& options, Backend& backend) {
  return options.model(options.shape, TrainableModel::Use::kTraining, backend);
}

int64_t StatesHeld(const TrainerOptions& options) {
  return 4 + (options.carry_state ? 1 : 0) + (options.host_states ? 1 : 0);
}

}  // namespace

Ledger FixedLedger(const TrainerOptions& options, Backend& backend) {
  const std::unique_ptr<TrainableModel> model = MakeModel(options, backend);
  Ledger ledger;
  ledger[MemoryKind::kWeights] = model->needs().weights.used();
  ledger[MemoryKind::kGradients] = model->needs().gradients.used();
  ledger[MemoryKind::kOptimizer] = OptimizerStateBytes(options.optimizer.kind, model->layout().block_bytes());
  ledger[MemoryKind::kBatch] = model->needs().batch.used();
  ledger[MemoryKind::kStates] = StatesHeld(options) * model->max_state_bytes();
  ledger[MemoryKind::kTapes] = model->max_tape_bytes();
  ledger[MemoryKind::kWorkspace] = model->needs().workspace.used() + AlignUp(sizeof(double));
  ledger[MemoryKind::kBackend] = backend.OwnBytes();
  ledger[MemoryKind::kProcess] = backend.OnHost() ? model->layout().block_bytes() + options.process_bytes : 0;
  return ledger;
}

LinkBytes MeasureLink(const TrainerOptions& options, Backend& backend) {
  const std::unique_ptr<TrainableModel> model = MakeModel(options, backend);
  return {.state = model->max_state_bytes(), .tape = model->max_tape_bytes()};
}

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::Create(const TrainerOptions& options, const Parameters& initial,
                                                         const StoreNeeds& store, Backend& backend) {
  if (options.shape.ragged && options.carry_state) {
    return absl::InvalidArgumentError("carry_state is true; must be false if sequences differ in length");
  }
  const std::unique_ptr<TrainableModel> model = MakeModel(options, backend);
  if (options.carry_state && model->state_bytes(0) != model->state_bytes(model->links())) {
    return absl::InvalidArgumentError("carry_state is true; must be false where the last state differs from the first");
  }
  const Ledger fixed = FixedLedger(options, backend);
  ASSIGN_OR_RETURN(
      std::unique_ptr<Arena> arena,
      Arena::Create(backend, fixed.total() + store.bytes, kFixedPieces + store.pieces, fixed[MemoryKind::kProcess]));
  std::unique_ptr<Arena> host_arena;
  if (store.host_bytes > 0) {
    if (!options.host_states) return absl::InvalidArgumentError("a schedule stores on the host; set host_states");
    ASSIGN_OR_RETURN(host_arena, Arena::CreateOnHost(backend, store.host_bytes,
                                                     store.host_bytes / MeasureLink(options, backend).state));
  }
  std::unique_ptr<Trainer> trainer(new Trainer(options, std::move(arena), std::move(host_arena), backend));
  RETURN_IF_ERROR(trainer->TakeFixedMemory());
  trainer->interpreter_.emplace(*trainer->model_, trainer->working_set_, store.pieces, backend, *trainer->arena_,
                                trainer->host_arena_.get());
  trainer->Load(initial);
  return trainer;
}

Trainer::Trainer(const TrainerOptions& options, std::unique_ptr<Arena> arena, std::unique_ptr<Arena> host_arena,
                 Backend& backend)
    : options_(options),
      backend_(backend),
      arena_(std::move(arena)),
      host_arena_(std::move(host_arena)),
      model_(MakeModel(options, backend)) {}

absl::Status Trainer::TakeFixedMemory() {
  const TrainableModel::Regions& needs = model_->needs();
  const auto state = [&] { return arena_->Push(MemoryKind::kStates, model_->max_state_bytes()); };
  std::byte* weights = arena_->Push(MemoryKind::kWeights, needs.weights.used());
  std::byte* gradients = arena_->Push(MemoryKind::kGradients, needs.gradients.used());
  std::byte* batch = arena_->Push(MemoryKind::kBatch, needs.batch.used());
  std::byte* workspace = arena_->Push(MemoryKind::kWorkspace, needs.workspace.used());
  squared_norm_ = reinterpret_cast<double*>(arena_->Push(MemoryKind::kWorkspace, sizeof(double)));
  optimizer_state_ = arena_->Push(MemoryKind::kOptimizer,
                                  OptimizerStateBytes(options_.optimizer.kind, model_->layout().block_bytes()));
  working_set_ = {.running = {state(), state(), options_.host_states ? state() : nullptr},
                  .tape = arena_->Push(MemoryKind::kTapes, model_->max_tape_bytes()),
                  .state_gradient = state()};
  start_state_ = state();
  if (options_.carry_state) carried_state_ = state();
  if (arena_->live() != FixedLedger(options_, backend_)) {
    return absl::InternalError("the arena does not match the ledger of the fixed memory");
  }
  model_->Bind({.weights = Region(weights),
                .gradients = Region(gradients),
                .batch = Region(batch),
                .workspace = Region(workspace)});
  if (backend_.OnHost()) {
    host_batch_ = model_->batch();
  } else {
    host_memory_.resize(static_cast<size_t>(needs.batch.used()) / sizeof(std::max_align_t));  // kAlignment divides it
    host_batch_ = reinterpret_cast<std::byte*>(host_memory_.data());
  }
  return absl::OkStatus();
}

void Trainer::Load(const Parameters& initial) {
  Upload(initial, model_->layout(), backend_, model_->parameters());
  backend_.Zero(optimizer_state_, OptimizerStateBytes(options_.optimizer.kind, model_->layout().block_bytes()));
  backend_.Zero(start_state_, model_->max_state_bytes());
}

absl::StatusOr<StepResult> Trainer::Step(const Schedule& schedule, bool start_afresh, const CancelCheck& cancelled) {
  StepResult result;
  backend_.BeginPhase(Phase::kPrepare);
  ASSIGN_OR_RETURN(result.size, model_->TakeBatch(host_batch_, schedule.length()));
  const bool goes_on = carried_ && !start_afresh;
  carried_ = false;  // the sweep overwrites it
  if (goes_on) {
    std::swap(start_state_, carried_state_);
  } else {
    backend_.Zero(start_state_, model_->max_state_bytes());
  }
  absl::Status status = ComputeGradients(schedule, cancelled, result);
  if (status.ok()) status = UpdateParameters(result);
  if (status.ok()) {
    carried_ = options_.carry_state;
    return result;
  }
  if (goes_on) {  // a sweep does not overwrite its start state, so the step may be repeated
    std::swap(start_state_, carried_state_);
    carried_ = true;
  }
  return status;
}

absl::Status Trainer::ComputeGradients(const Schedule& schedule, const CancelCheck& cancelled, StepResult& result) {
  RETURN_IF_ERROR(backend_.Synchronize());
  const StopScope scope(backend_, cancelled);  // ends before the weights are updated
  const auto begin = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(const Interpreter::Counts counts, Sweep(schedule, result.size, cancelled));
  RETURN_IF_ERROR(backend_.Synchronize());
  result.sweep_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  result.forwards = counts;

  backend_.BeginPhase(Phase::kOptimizer);
  backend_.Zero(squared_norm_, sizeof(double));
  backend_.SumOfSquares(model_->layout().block_floats(), model_->gradients(), squared_norm_);
  backend_.Download(model_->loss(), sizeof(double), &result.loss);
  backend_.Download(squared_norm_, sizeof(double), &result.gradient_norm);
  result.loss /= static_cast<double>(result.size.predictions);
  result.gradient_norm = std::sqrt(result.gradient_norm);
  // A failed device leaves NaNs, which must not be reported as a loss that is not finite.
  RETURN_IF_ERROR(backend_.Synchronize());
  return CheckFinite(result);
}

absl::Status Trainer::UpdateParameters(StepResult& result) {
  const int64_t step = steps_done_ + 1;
  result.learning_rate = LearningRate(options_.optimizer, step, options_.steps);
  UpdateWeights(options_.optimizer, step, result.learning_rate, ClipScale(options_.optimizer, result.gradient_norm),
                {.n = model_->layout().block_floats(),
                 .weights = model_->parameters(),
                 .gradients = model_->gradients(),
                 .state = optimizer_state_},
                backend_);
  RETURN_IF_ERROR(backend_.Synchronize());
  steps_done_ = step;
  return absl::OkStatus();
}

absl::StatusOr<Interpreter::Counts> Trainer::Sweep(const Schedule& schedule, const BatchSize& size,
                                                   const CancelCheck& cancelled) {
  model_->SetDropoutStream(options_.dropout_seed, static_cast<uint64_t>(steps_done_));
  model_->PrepareWeights();
  model_->BeginBatch(size);
  absl::StatusOr<Interpreter::Counts> counts =
      interpreter_->Run(schedule, {.start_state = start_state_, .final_state = carried_state_}, cancelled);
  if (counts.ok()) model_->EndBatch();
  return counts;
}

absl::Status Trainer::CheckFinite(const StepResult& result) const {
  const int64_t step = steps_done_ + 1;
  if (!std::isfinite(result.loss)) {
    return absl::AbortedError(absl::StrCat("loss is ", result.loss, " at step ", step,
                                           ": training stopped with the previous weights; lower learning_rate, or set "
                                           "clip_norm"));
  }
  if (!std::isfinite(result.gradient_norm)) {
    return absl::AbortedError(absl::StrCat("gradient norm is ", result.gradient_norm, " at step ", step,
                                           ": training stopped with the previous weights; lower learning_rate"));
  }
  return absl::OkStatus();
}

std::vector<Trainer::StateTensor> Trainer::StateOf(bool with_carried_state) const {
  std::vector<StateTensor> state;
  const ParameterLayout& layout = model_->layout();
  const auto add_block = [&](const std::string& prefix, std::byte* block) {
    for (const ParameterLayout::Entry& entry : layout.entries()) {
      state.push_back({{prefix + entry.name, entry.shape}, block + entry.offset * static_cast<int64_t>(sizeof(float))});
    }
  };
  add_block("parameters.", reinterpret_cast<std::byte*>(model_->parameters()));
  const int64_t blocks = OptimizerStateBytes(options_.optimizer.kind, layout.block_bytes()) / layout.block_bytes();
  for (int64_t i = 0; i < blocks; ++i) {
    add_block(absl::StrCat("optimizer.", i, "."), optimizer_state_ + i * layout.block_bytes());
  }
  if (with_carried_state) {
    const int64_t floats = model_->max_state_bytes() / static_cast<int64_t>(sizeof(float));
    state.push_back({{kCarriedState, {floats}}, carried_state_});
  }
  return state;
}

std::vector<TensorShape> Trainer::StateTensors() const {
  std::vector<TensorShape> tensors;
  for (StateTensor& state : StateOf(carried_)) tensors.push_back(std::move(state.tensor));
  return tensors;
}

void Trainer::DownloadState(size_t index, float* to) const {
  const StateTensor state = StateOf(carried_)[index];
  backend_.Download(state.block, state.tensor.elements() * static_cast<int64_t>(sizeof(float)), to);
}

absl::Status Trainer::RestoreState(int64_t steps_done, const std::vector<TensorShape>& tensors,
                                   const std::function<absl::Status(size_t index, float* to)>& read) {
  // A step that starts afresh needs no carried state, so a checkpoint before one may have none.
  const bool carried = options_.carry_state && !tensors.empty() && tensors.back().name == kCarriedState;
  const std::vector<StateTensor> state = StateOf(carried);
  for (size_t i = 0; i < std::max(state.size(), tensors.size()); ++i) {
    if (i < std::min(state.size(), tensors.size()) && state[i].tensor.name == tensors[i].name &&
        state[i].tensor.shape == tensors[i].shape) {
      continue;
    }
    const auto name_of = [i](const auto& list, const auto& get) {
      return i < list.size() ? absl::StrCat(get(list[i]).name, " of ", get(list[i]).elements(), " values") : "nothing";
    };
    return absl::InvalidArgumentError(absl::StrCat(
        "tensor ", i, " is ", name_of(tensors, [](const TensorShape& t) -> const TensorShape& { return t; }),
        "; this model needs ", name_of(state, [](const StateTensor& t) -> const TensorShape& { return t.tensor; })));
  }
  std::vector<float> values;
  for (size_t i = 0; i < state.size(); ++i) {
    values.resize(static_cast<size_t>(tensors[i].elements()));
    RETURN_IF_ERROR(read(i, values.data()));
    backend_.Upload(values.data(), static_cast<int64_t>(values.size() * sizeof(float)), state[i].block);
  }
  carried_ = carried;
  steps_done_ = steps_done;
  return backend_.Synchronize();
}

Parameters Trainer::DownloadParameters() { return Download(model_->layout(), backend_, model_->parameters()); }

}  // namespace recurve
