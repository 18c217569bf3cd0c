// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_MODEL_RECURRENT_STACK_H_
#define RECURVE_EXECUTOR_MODEL_RECURRENT_STACK_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "executor/backend/backend.h"
#include "executor/model/link_model.h"
#include "executor/model/region.h"
#include "planner_service/model/link_layout.h"
#include "planner_service/model/model_config.h"
#include "planner_service/model/parameter_layout.h"

namespace recurve {

// A stack of L recurrent layers with the same kind of cell, computed one link at a time. With h(l) the outputs of layer
// l's cells over the link, drop() its dropout, and norm() layer norm:
//   y(l) = drop(h(l)), plus y(l-1) if layers are residual and l > 0
//   input of layer l+1, and Output() for the last layer: y(l), or norm(y(l))
// y is not saved but recomputed from h. Masks depend only on (seed, batch, layer, step).
//
// The caller provides memory: Place measures with regions that have no block, and assigns memory with regions that have
// one. Not thread-safe. The backend must outlive it.
class RecurrentStack {
 public:
  // The device memory of one link: the arguments of LinkModel::Forward and Backward.
  struct Link {
    int64_t index;
    const std::byte* state_in;
    const std::byte* state_out;
    std::byte* tape;
    const int32_t* lengths = nullptr;  // [B], see SequenceLengths
  };

  RecurrentStack(const ModelConfig& config, const SequenceShape& shape, bool training, Backend& backend);

  // `parameters` and `gradients` are blocks of `layout`, null when measuring; `gradients` is also null if not training.
  void Place(const ParameterLayout& layout, const std::vector<ParameterLayout::LayerIndices>& layers,
             const float* parameters, float* gradients, Region& weights, Region& workspace);
  void Pack();  // called after the parameters change
  // Sets the number of steps of the current batch, at most that of the shape.
  void SetLength(int64_t steps) { shape_.length = steps; }
  // Selects the batch's dropout masks.
  void SetDropoutStream(uint64_t seed, uint64_t step);

  const StateLayout& states() const { return states_; }
  const TapeLayout& tapes() const { return tapes_; }

  // A buffer for the first layer's projected input before Forward: [n B, G H], rows input_stride() floats apart.
  float* FirstInput(const Link& link) const { return GateBuffer(0, link); }
  // `input` is the first layer's input. Writes link.state_out.
  void Forward(const Link& link, const CellInput& input, bool keep_tape);
  // The last layer's output over the link's n steps, [n B, H], which the caller may overwrite. Call it after Forward,
  // or before Backward, of the same link. Valid until the next call.
  float* Output(const Link& link);
  // In: the memory of Output holds its gradient. Adds to the gradients of all parameters except those of the first
  // layer's input, whose gradient is in FirstInputGradient afterwards.
  void Backward(const Link& link, std::byte* state_gradient);
  const float* FirstInputGradient(const Link& link) const { return GateBuffer(0, link); }  // [n B, G H]
  int64_t input_stride() const { return geometry_.row() * config_.hidden; }                // floats between its rows

  // The output after the step that ended in `state`, [B, H].
  float* OutputOfState(const std::byte* state);

 private:
  // A layer's tensors in the block of parameters or gradients; null if absent.
  template <class Float>
  struct Tensors {
    Float* input = nullptr;
    Float* recurrent = nullptr;
    Float* bias = nullptr;
    Float* recurrent_bias = nullptr;
    Float* norm_gain = nullptr;  // of the norm above the layer
    Float* norm_bias = nullptr;
  };
  struct Layer {
    Tensors<const float> weights;
    Tensors<float> gradients;
    std::byte* input_forward = nullptr;
    std::byte* input_backward = nullptr;
    std::byte* recurrent_forward = nullptr;
    std::byte* recurrent_backward = nullptr;
    float* recurrent_mask = nullptr;  // [B, H]; null: no recurrent dropout
  };

  int64_t steps(const Link& link) const { return shape_.steps(link.index); }
  int64_t rows(const Link& link) const { return steps(link) * shape_.batch; }
  float* GateBuffer(int64_t layer, const Link& link) const {
    return geometry_.tape > 0 ? tapes_.gates(link.tape, layer) : gates_;
  }
  SequenceLengths Lengths(const Link& link) const {
    return {.lengths = link.lengths, .first_step = shape_.first_step(link.index)};
  }

  void ForwardLayer(int64_t layer, const Link& link, const CellInput& input, bool keep_tape);
  void BackwardLayer(int64_t layer, const Link& link, std::byte* state_gradient);
  void BackwardCells(int64_t layer, const Link& link, const float* dh_above, std::byte* state_gradient);
  // From the gradient in the gate buffer of `layer` to that of y(layer - 1) in scratch_.
  void BackwardInput(int64_t layer, const Link& link);
  void AddRecurrentGradient(int64_t layer, const Link& link);
  void NormBackward(int64_t layer, const Link& link, const float* dy, float* dx);  // normal_ holds y(layer)
  void GatherOutputs(int64_t layer, const Link& link, float* y);                   // y(layer)
  void GatherNormalized(int64_t layer, const Link& link, float* y);                // the same, through the norm
  // y = drop(x), or y += drop(x), for n steps from the sequence's step `first` on.
  void Drop(int64_t layer, int64_t first, int64_t n, const float* x, float* y, bool add);

  const ModelConfig config_;
  SequenceShape shape_;
  const bool training_;
  Backend& backend_;
  const CellGeometry geometry_;
  const StateLayout states_;
  const TapeLayout tapes_;
  const float dropout_;
  const float recurrent_dropout_;
  std::vector<Layer> layers_;
  float* scratch_ = nullptr;  // [k, B, H]; Output, and the gradient of y
  float* inputs_ = nullptr;   // the same, if layers are residual or normalized; else scratch_
  float* normal_ = nullptr;   // the same, if layers are normalized
  float* gates_ = nullptr;    // [k, B, G H], for cells without a tape
  float* masked_ = nullptr;   // [k, B, H], with recurrent dropout
  float* direct_ = nullptr;   // [B, H], with recurrent dropout
  uint64_t dropout_seed_ = 0;
  uint64_t dropout_step_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_MODEL_RECURRENT_STACK_H_
