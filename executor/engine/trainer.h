// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_ENGINE_TRAINER_H_
#define RECURVE_EXECUTOR_ENGINE_TRAINER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/engine/arena.h"
#include "executor/engine/interpreter.h"
#include "executor/model/optimizer.h"
#include "executor/model/trainable_model.h"
#include "planner_service/model/memory_ledger.h"
#include "planner_service/model/training_bytes.h"
#include "planner_service/planning/planner.h"
#include "planner_service/schedule/replay.h"
#include "planner_service/schedule/schedule.h"

namespace recurve {

struct TrainerOptions {
  ModelFactory model;
  SequenceShape shape;
  OptimizerSpec optimizer;
  int64_t steps = 1;  // in all, for the learning rate
  bool carry_state = false;
  bool host_states = false;  // the schedule may store states on the host
  uint64_t dropout_seed = 1;
  int64_t process_bytes = 0;  // what the caller holds for the job in memory of the host, such as an index of the data
};

// What training holds apart from the store, by kind: weights, gradients, optimiser state, batch, workspace, what the
// backend holds for itself, the working set (two running states, a state gradient, the start state, with `carry_state`
// the state carried on, with `host_states` a third running state, one tape), and where the device's memory is the
// host's, a copy of the weights and `process_bytes`.
Ledger FixedLedger(const TrainerOptions& options, Backend& backend);

// Bytes of a state and of a full link's tape.
LinkBytes MeasureLink(const TrainerOptions& options, Backend& backend);

// What the store must hold for the schedules that will be run.
struct StoreNeeds {
  int64_t bytes = 0;
  int64_t pieces = 0;      // states and tapes at once
  int64_t host_bytes = 0;  // of the store on the host

  // `replay` is Replay(schedule) with the bytes of LinkBytesOf.
  void Include(const ReplayResult& replay) {
    bytes = std::max(bytes, replay.peak_bytes);
    pieces = std::max(pieces, replay.peak_states + replay.peak_tapes);
    host_bytes = std::max(host_bytes, replay.host_peak_bytes);
  }
};

struct StepResult {
  double loss = 0;  // mean over the batch's predictions
  BatchSize size;
  double gradient_norm = 0;  // before clipping
  double learning_rate = 0;
  double sweep_seconds = 0;  // forward and backward: from the packing of the weights to complete gradients
  Interpreter::Counts forwards;
};

// Trains a model of any task. Its arena has FixedLedger(options) plus the store, to the byte, and its arena on the host
// what is stored there. Where the shape is ragged, a batch may be shorter than the longest, and has a schedule of its
// own. A step by the schedule of the step before allocates nothing. Not thread-safe; the backend and the schedules must
// outlive it.
//
//   auto trainer = Trainer::Create(options, initial, store, backend);
//   ...fill batch()...
//   auto result = (*trainer)->Step(plan.schedule, /*start_afresh=*/i == 0, {});
class Trainer {
 public:
  // `initial`: the parameters to begin with. RESOURCE_EXHAUSTED when the device has
  // not enough memory. INVALID_ARGUMENT for a ragged shape with carry_state.
  static absl::StatusOr<std::unique_ptr<Trainer>> Create(const TrainerOptions& options, const Parameters& initial,
                                                         const StoreNeeds& store, Backend& backend);

  // The next batch, in host memory, laid out as the model says (TrainableModel::TakeBatch); to be filled before each
  // step. Steps that the schedule does not reach are not read.
  std::byte* batch() { return host_batch_; }

  // One optimizer step with the first links of a sequence, as many as `schedule` has. `start_afresh`: from a zero state
  // though states are carried. INVALID_ARGUMENT when the batch does not fit the schedule, ABORTED when loss or gradient
  // is not finite, CANCELLED when `cancelled` says so; the weights, and the state that the step was to go on from, are
  // then those of before the step, which may be repeated.
  absl::StatusOr<StepResult> Step(const Schedule& schedule, bool start_afresh, const CancelCheck& cancelled);

  int64_t steps_done() const { return steps_done_; }
  Parameters DownloadParameters();  // as they are now
  const Arena& arena() const { return *arena_; }
  // Most bytes of states stored on the host at once so far.
  int64_t host_peak_bytes() const { return host_arena_ == nullptr ? 0 : host_arena_->peak_bytes(); }

 private:
  Trainer(const TrainerOptions& options, std::unique_ptr<Arena> arena, std::unique_ptr<Arena> host_arena,
          Backend& backend);

  absl::Status TakeFixedMemory();
  void Load(const Parameters& initial);
  // Fills in all of `result` but the learning rate; the weights stay as they are.
  absl::Status ComputeGradients(const Schedule& schedule, const CancelCheck& cancelled, StepResult& result);
  absl::Status UpdateParameters(StepResult& result);
  absl::StatusOr<Interpreter::Counts> Sweep(const Schedule& schedule, const BatchSize& size,
                                            const CancelCheck& cancelled);
  absl::Status CheckFinite(const StepResult& result) const;

  const TrainerOptions options_;
  Backend& backend_;
  const std::unique_ptr<Arena> arena_;
  const std::unique_ptr<Arena> host_arena_;  // null: the schedule stores nothing on the host
  const std::unique_ptr<TrainableModel> model_;
  WorkingSet working_set_{};
  std::byte* start_state_ = nullptr;
  std::byte* carried_state_ = nullptr;  // null: not carried
  std::byte* optimizer_state_ = nullptr;
  double* squared_norm_ = nullptr;
  std::optional<Interpreter> interpreter_;
  std::vector<std::max_align_t> host_memory_;  // of the batch; empty where the host may write the device's
  std::byte* host_batch_ = nullptr;            // in host_memory_, or the device's
  bool carried_ = false;                       // carried_state_ holds the final state of the last step
  int64_t steps_done_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_ENGINE_TRAINER_H_
