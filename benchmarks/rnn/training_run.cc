// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/rnn/training_run.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/planning/planner.h"
#include "planner_service/planning/strategies.h"
#include "planner_service/schedule/replay.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr int64_t kFixedPieces = 10;  // as many as TakeMemory takes
constexpr int64_t kStatesHeld = 4;    // two running states, a gradient, the start state

absl::StatusOr<double> Timed(Backend& backend, const std::function<absl::Status()>& sweep) {
  const auto begin = std::chrono::steady_clock::now();
  RETURN_IF_ERROR(sweep());
  RETURN_IF_ERROR(backend.Synchronize());
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

void TrainingRun::Recorder::Forward(int64_t link, const std::byte* state_in, std::byte* state_out, std::byte* tape,
                                    bool keep_tape) {
  calls_.push_back({.part = keep_tape ? "taped_forward" : "forward",
                    .repeat = [=, this] { model_.Forward(link, state_in, state_out, tape, keep_tape); }});
  model_.Forward(link, state_in, state_out, tape, keep_tape);
}

void TrainingRun::Recorder::Backward(int64_t link, const std::byte* state_in, const std::byte* state_out,
                                     std::byte* tape, std::byte* state_gradient) {
  calls_.push_back(
      {.part = "backward", .repeat = [=, this] { model_.Backward(link, state_in, state_out, tape, state_gradient); }});
  model_.Backward(link, state_in, state_out, tape, state_gradient);
}

TrainingRun::TrainingRun(const ModelConfig& config, const SequenceShape& shape, Backend& backend)
    : backend_(backend), model_(config, shape, backend), recorder_(model_) {}

absl::StatusOr<std::unique_ptr<TrainingRun>> TrainingRun::Create(const ModelConfig& config, const SequenceShape& shape,
                                                                 const MemoryBudget& budget, Backend& backend) {
  std::unique_ptr<TrainingRun> run(new TrainingRun(config, shape, backend));
  RETURN_IF_ERROR(run->MakePlan(budget));
  RETURN_IF_ERROR(run->TakeMemory());
  return run;
}

int64_t TrainingRun::FixedActivationBytes() const {
  return kStatesHeld * model_.max_state_bytes() + model_.max_tape_bytes() + model_.needs().workspace.used();
}

int64_t TrainingRun::StoreAllStoreBytes() const {
  return TapeAllBytes(model_.links(), model_.max_state_bytes(), model_.max_tape_bytes());
}

int64_t TrainingRun::store_all_activation_bytes() const { return FixedActivationBytes() + StoreAllStoreBytes(); }

absl::Status TrainingRun::MakePlan(const MemoryBudget& budget) {
  int64_t store_bytes = 0;
  if (const auto* held = std::get_if<HeldBytes>(&budget)) {
    store_bytes = held->bytes - backend_.OwnBytes() - FixedActivationBytes() - model_.needs().packed.used() -
                  model_.needs().gradients.used();
  } else {
    const double share = std::get<StoreAllShare>(budget).share;
    store_bytes =
        static_cast<int64_t>(share * static_cast<double>(store_all_activation_bytes())) - FixedActivationBytes();
  }
  const ByteBudget bytes{.state_bytes = model_.max_state_bytes(),
                         .tape_bytes = model_.max_tape_bytes(),
                         .budget_bytes = std::clamp<int64_t>(store_bytes, 0, StoreAllStoreBytes())};
  ASSIGN_OR_RETURN(Plan plan, EmbeddedPlanner().MakePlan({.length = model_.links(), .budget = bytes}, {}));
  if (!plan.feasible || store_bytes < 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the budget leaves ", store_bytes, " bytes for stored states and tapes of links of ", model_.sequence().link,
        " steps, which need ", plan.smallest_feasible_budget, "; give more, a longer sequence or shorter links"));
  }
  plan_ = std::move(plan);
  return absl::OkStatus();
}

absl::Status TrainingRun::TakeMemory() {
  ASSIGN_OR_RETURN(
      const ReplayResult replay,
      Replay(plan_.schedule, {.state_bytes = model_.max_state_bytes(), .tape_bytes = model_.max_tape_bytes()},
             kMaxActionsPerLink * model_.links()));
  const int64_t stored_pieces = replay.peak_states + replay.peak_tapes;
  const RecurrentModel::Regions& needs = model_.needs();
  ASSIGN_OR_RETURN(
      arena_, Arena::Create(backend_,
                            needs.parameters.used() + needs.packed.used() + needs.gradients.used() +
                                needs.batch.used() + backend_.OwnBytes() + FixedActivationBytes() + replay.peak_bytes,
                            kFixedPieces + stored_pieces));
  const auto region = [&](MemoryKind kind, const Region& needed) { return Region(arena_->Push(kind, needed.used())); };
  const auto state = [&] { return arena_->Push(MemoryKind::kStates, model_.max_state_bytes()); };
  model_.Bind({.parameters = region(MemoryKind::kWeights, needs.parameters),
               .packed = region(MemoryKind::kWeights, needs.packed),
               .gradients = region(MemoryKind::kGradients, needs.gradients),
               .batch = region(MemoryKind::kBatch, needs.batch),
               .workspace = region(MemoryKind::kWorkspace, needs.workspace)});
  working_set_ = {.running = {state(), state(), nullptr},
                  .tape = arena_->Push(MemoryKind::kTapes, model_.max_tape_bytes()),
                  .state_gradient = state()};
  start_state_ = state();
  backend_.Zero(start_state_, model_.max_state_bytes());
  interpreter_.emplace(recorder_, working_set_, stored_pieces, backend_, *arena_, /*host=*/nullptr);
  return absl::OkStatus();
}

int64_t TrainingRun::held_bytes() const {
  return arena_->peak_bytes() - model_.needs().parameters.used() - model_.needs().batch.used();
}

absl::StatusOr<double> TrainingRun::Sweep() {
  recorder_.Clear();
  return Timed(backend_, [&] {
    model_.BeginSweep();
    return interpreter_->Run(plan_.schedule, {.start_state = start_state_}, {}).status();
  });
}

absl::StatusOr<double> TrainingRun::BareSweep() {
  return Timed(backend_, [&] {
    model_.BeginSweep();
    for (const Recorder::Call& call : recorder_.calls()) call.repeat();
    return absl::OkStatus();
  });
}

absl::StatusOr<std::map<std::string, double>> TrainingRun::SweepParts() {
  std::vector<Recorder::Call> calls = {{.part = "begin", .repeat = [&] { model_.BeginSweep(); }}};
  calls.insert(calls.end(), recorder_.calls().begin(), recorder_.calls().end());
  std::map<std::string, double> seconds;
  for (const Recorder::Call& call : calls) {
    ASSIGN_OR_RETURN(const double one, Timed(backend_, [&] {
                       call.repeat();
                       return absl::OkStatus();
                     }));
    seconds[call.part] += one;
  }
  return seconds;
}

}  // namespace recurve
