// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_ENGINE_TRAINER_H_
#define RECURVE_EXECUTOR_ENGINE_TRAINER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/data/safetensors.h"
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
  int64_t steps = 1;  // in total, for the learning rate schedule
  bool carry_state = false;
  bool host_states = false;  // the schedule may store states on the host
  uint64_t dropout_seed = 1;
  int64_t process_bytes = 0;  // host memory that the caller holds for the job, such as an index of the data
};

// The memory that training holds apart from the store, by kind: weights, gradients, optimizer state, batch, workspace,
// the backend's own memory, and the working set (two running states, a state gradient, the start state, with
// `carry_state` the carried state, with `host_states` a third running state, one tape). If device memory is host
// memory, also a copy of the weights and `process_bytes`.
Ledger FixedLedger(const TrainerOptions& options, Backend& backend);

// Bytes of a state and of a full link's tape.
LinkBytes MeasureLink(const TrainerOptions& options, Backend& backend);

// The store capacity that the schedules need.
struct StoreNeeds {
  int64_t bytes = 0;
  int64_t pieces = 0;      // states and tapes at once
  int64_t host_bytes = 0;  // of the host store

  // `replay`: of a schedule, with the sizes of LinkBytesOf.
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
  double sweep_seconds = 0;  // forward and backward, from packing the weights to complete gradients
  Interpreter::Counts forwards;
};

// Trains a model of any task. Its arena has exactly FixedLedger(options) plus the store; its host arena holds the
// states stored on the host. If the shape is ragged, a batch may be shorter than the longest, with its own schedule. A
// step with the previous step's schedule allocates nothing. Not thread-safe. Backend and schedules must outlive it.
//
//   auto trainer = Trainer::Create(options, initial, store, backend);
//   ...fill batch()...
//   auto result = (*trainer)->Step(plan.schedule, /*start_afresh=*/i == 0, {});
class Trainer {
 public:
  // `initial`: the initial parameters. Errors: RESOURCE_EXHAUSTED if the device has insufficient memory;
  // INVALID_ARGUMENT for a ragged shape with carry_state, or for a host store without host_states.
  static absl::StatusOr<std::unique_ptr<Trainer>> Create(const TrainerOptions& options, const Parameters& initial,
                                                         const StoreNeeds& store, Backend& backend);

  // The next batch in host memory, in the model's layout (TrainableModel::TakeBatch). The caller fills it before each
  // step. Steps beyond the schedule are not read.
  std::byte* batch() { return host_batch_; }

  // One optimizer step on the first links of a sequence, as many as `schedule` has. `start_afresh`: start from a zero
  // state even if states are carried. Errors: INVALID_ARGUMENT if the batch does not fit the schedule, ABORTED if loss
  // or gradient norm is not finite, CANCELLED if `cancelled` returns true. The weights and the carried state are then
  // unchanged, and the step may be repeated.
  absl::StatusOr<StepResult> Step(const Schedule& schedule, bool start_afresh, const CancelCheck& cancelled);

  // The state of training between two steps: parameters, optimizer state and, if there is one, the carried state. The
  // same options always give the same tensors, on any device.
  std::vector<TensorShape> StateTensors() const;
  void DownloadState(size_t index, float* to) const;  // the values of StateTensors()[index]
  // Continues from a state after `steps_done` steps; to be called before the first step. `read` writes the values of a
  // tensor. INVALID_ARGUMENT, naming the first difference, if `tensors` are not those of a state with these options;
  // errors of `read`.
  absl::Status RestoreState(int64_t steps_done, const std::vector<TensorShape>& tensors,
                            const std::function<absl::Status(size_t index, float* to)>& read);

  int64_t steps_done() const { return steps_done_; }
  Parameters DownloadParameters();  // the current parameters
  const Arena& arena() const { return *arena_; }
  // The most bytes of states on the host at once so far.
  int64_t host_peak_bytes() const { return host_arena_ == nullptr ? 0 : host_arena_->peak_bytes(); }

 private:
  Trainer(const TrainerOptions& options, std::unique_ptr<Arena> arena, std::unique_ptr<Arena> host_arena,
          Backend& backend);

  // A tensor of the state in device memory.
  struct StateTensor {
    TensorShape tensor;
    std::byte* block;
  };
  std::vector<StateTensor> StateOf(bool with_carried_state) const;
  absl::Status TakeFixedMemory();
  void Load(const Parameters& initial);
  // Sets all of `result` except the learning rate. Does not change the weights.
  absl::Status ComputeGradients(const Schedule& schedule, const CancelCheck& cancelled, StepResult& result);
  absl::Status UpdateParameters(StepResult& result);
  absl::StatusOr<Interpreter::Counts> Sweep(const Schedule& schedule, const BatchSize& size,
                                            const CancelCheck& cancelled);
  absl::Status CheckFinite(const StepResult& result) const;

  const TrainerOptions options_;
  Backend& backend_;
  const std::unique_ptr<Arena> arena_;
  const std::unique_ptr<Arena> host_arena_;  // null: no schedule stores on the host
  const std::unique_ptr<TrainableModel> model_;
  WorkingSet working_set_{};
  std::byte* start_state_ = nullptr;
  std::byte* carried_state_ = nullptr;  // null: not carried
  std::byte* optimizer_state_ = nullptr;
  double* squared_norm_ = nullptr;
  std::optional<Interpreter> interpreter_;
  std::vector<std::max_align_t> host_memory_;  // of the batch; empty if device memory is host memory
  std::byte* host_batch_ = nullptr;            // in host_memory_ or device memory
  bool carried_ = false;                       // carried_state_ holds the final state of the last step
  int64_t steps_done_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_ENGINE_TRAINER_H_
