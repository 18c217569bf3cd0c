// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_BENCHMARKS_RNN_TRAINING_RUN_H_
#define RECURVE_BENCHMARKS_RNN_TRAINING_RUN_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/rnn/recurrent_model.h"
#include "executor/engine/arena.h"
#include "executor/engine/interpreter.h"
#include "planner_service/planning/plan.h"

namespace recurve {

// A share of the activations (states, tapes and workspace) that store-all (every tape kept) needs. The backend's own
// memory is added: it does not depend on the plan.
struct StoreAllShare {
  double share = 1;  // (0, 1]
};
// Total bytes, including the backend's own, without parameters, input and output gradient.
struct HeldBytes {
  int64_t bytes = 0;
};
using MemoryBudget = std::variant<StoreAllShare, HeldBytes>;

// Forward and backward sweeps of a RecurrentModel with the plan for a budget, in one arena. Not thread-safe.
class TrainingRun {
 public:
  // Errors: FAILED_PRECONDITION if the budget is insufficient for the shape with links of this length;
  // RESOURCE_EXHAUSTED if the device has insufficient memory.
  static absl::StatusOr<std::unique_ptr<TrainingRun>> Create(const ModelConfig& config, const SequenceShape& shape,
                                                             const MemoryBudget& budget, Backend& backend);

  // Each runs one sweep, from parameters and input to complete gradients, and returns seconds.
  absl::StatusOr<double> Sweep();
  absl::StatusOr<double> BareSweep();  // repeats the model calls of the last Sweep without the interpreter
  // The seconds by part, waiting for the device after each call: begin (packing), forward (without tape),
  // taped_forward, backward.
  absl::StatusOr<std::map<std::string, double>> SweepParts();

  const RecurrentModel& model() const { return model_; }
  const Plan& plan() const { return plan_; }
  int64_t store_all_activation_bytes() const;
  // Measured at the peak of the sweeps so far.
  int64_t activation_bytes() const { return arena_->peak().activations(); }
  int64_t held_bytes() const;  // as counted by HeldBytes

 private:
  // Forwards calls to a model and records them.
  class Recorder final : public LinkModel {
   public:
    explicit Recorder(LinkModel& model) : model_(model) {}
    struct Call {
      const char* part;
      std::function<void()> repeat;
    };
    const std::vector<Call>& calls() const { return calls_; }
    void Clear() { calls_.clear(); }

    int64_t links() const override { return model_.links(); }
    int64_t state_bytes(int64_t state) const override { return model_.state_bytes(state); }
    int64_t tape_bytes(int64_t link) const override { return model_.tape_bytes(link); }
    int64_t max_state_bytes() const override { return model_.max_state_bytes(); }
    int64_t max_tape_bytes() const override { return model_.max_tape_bytes(); }
    void Forward(int64_t link, const std::byte* state_in, std::byte* state_out, std::byte* tape,
                 bool keep_tape) override;
    void Backward(int64_t link, const std::byte* state_in, const std::byte* state_out, std::byte* tape,
                  std::byte* state_gradient) override;

   private:
    LinkModel& model_;
    std::vector<Call> calls_;
  };

  TrainingRun(const ModelConfig& config, const SequenceShape& shape, Backend& backend);
  absl::Status MakePlan(const MemoryBudget& budget);
  absl::Status TakeMemory();
  int64_t FixedActivationBytes() const;
  int64_t StoreAllStoreBytes() const;

  Backend& backend_;
  RecurrentModel model_;
  Recorder recorder_;
  Plan plan_;
  std::unique_ptr<Arena> arena_;
  WorkingSet working_set_{};
  std::byte* start_state_ = nullptr;
  std::optional<Interpreter> interpreter_;
};

}  // namespace recurve

#endif  // RECURVE_BENCHMARKS_RNN_TRAINING_RUN_H_
