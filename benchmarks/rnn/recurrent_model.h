// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_BENCHMARKS_RNN_RECURRENT_MODEL_H_
#define RECURVE_BENCHMARKS_RNN_RECURRENT_MODEL_H_

#include <cstddef>
#include <cstdint>

#include "executor/backend/backend.h"
#include "executor/model/link_model.h"
#include "executor/model/parameters.h"
#include "executor/model/recurrent_stack.h"
#include "executor/model/region.h"
#include "planner_service/model/model_config.h"
#include "planner_service/model/parameter_layout.h"

namespace recurve {

// A stack of recurrent layers with given input x [T, B, E] and gradient dy [T, B, H] of the output: what torch.nn.LSTM
// computes for an input that needs no gradient. Values are random; each sweep does the same work. The caller provides
// memory: construct the model, query sizes, then Bind. Not thread-safe. The backend must outlive it.
class RecurrentModel final : public LinkModel {
 public:
  // Memory by purpose. Regions without a block only measure.
  struct Regions {
    Region parameters;
    Region packed;  // packed weights
    Region gradients;
    Region batch;  // x and dy
    Region workspace;
  };

  // E is config.embedding; the vocabulary must be 1.
  RecurrentModel(const ModelConfig& config, const SequenceShape& shape, Backend& backend);

  const SequenceShape& sequence() const { return shape_; }
  const Regions& needs() const { return needs_; }
  void Bind(Regions regions);  // also fills parameters and batch

  // Floating-point operations of the matrix products of a sweep without recomputation.
  double Flops() const;

  void BeginSweep();  // packs the weights and zeroes gradients

  int64_t links() const override { return shape_.links(); }
  int64_t state_bytes(int64_t /*state*/) const override { return max_state_bytes(); }
  int64_t tape_bytes(int64_t /*link*/) const override { return max_tape_bytes(); }
  int64_t max_state_bytes() const override { return stack_.states().bytes(); }
  int64_t max_tape_bytes() const override { return stack_.tapes().bytes(); }
  void Forward(int64_t link, const std::byte* state_in, std::byte* state_out, std::byte* tape, bool keep_tape) override;
  void Backward(int64_t link, const std::byte* state_in, const std::byte* state_out, std::byte* tape,
                std::byte* state_gradient) override;

 private:
  void Place(Regions& regions);
  int64_t width() const { return GeometryOf(config_.cell).gates * config_.hidden; }  // G H
  int64_t FirstRow(int64_t link) const { return shape_.first_step(link) * shape_.batch; }

  const ModelConfig config_;
  const SequenceShape shape_;
  Backend& backend_;
  const LanguageModelLayout layout_;
  RecurrentStack stack_;
  Regions needs_;
  float* parameters_ = nullptr;  // block of layout_.tensors
  float* gradients_ = nullptr;   // the same
  std::byte* packed_ = nullptr;  // the first layer's input weight
  float* x_ = nullptr;           // [T, B, E]
  float* dy_ = nullptr;          // [T, B, H]
};

}  // namespace recurve

#endif  // RECURVE_BENCHMARKS_RNN_RECURRENT_MODEL_H_
