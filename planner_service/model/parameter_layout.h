// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_MODEL_PARAMETER_LAYOUT_H_
#define RECURVE_PLANNER_SERVICE_MODEL_PARAMETER_LAYOUT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "planner_service/model/model_config.h"

namespace recurve {

// Where each parameter lies in the one block that holds them all; gradients and optimiser state have blocks of the same
// layout. Tensors begin at multiples of kAlignment and the padding between them is zero, so an optimiser may run over
// the block as a whole. In the order of the model file:
//   embedding.weight [V, E]
//   for each layer l, with G and the order of gates as in GeometryOf:
//     layers.<l>.input_weight [E or H, G H], layers.<l>.recurrent_weight [H, G H], layers.<l>.bias [G H]
//     layers.<l>.recurrent_bias [G H]              where the cell has one
//     layers.<l>.norm_gain [H], layers.<l>.norm_bias [H]   with layer norm: of the norm above the layer
//   output.weight [H, V], output.bias [V]
class ParameterLayout {
 public:
  struct Entry {
    std::string name;
    std::vector<int64_t> shape;
    int64_t offset;  // floats from the start of the block
    int64_t size;    // floats
  };
  static constexpr int kNone = -1;
  // Indices of a layer's entries, or kNone.
  struct LayerIndices {
    int input_weight, recurrent_weight, bias;
    int recurrent_bias = kNone;
    int norm_gain = kNone;
    int norm_bias = kNone;
  };

  explicit ParameterLayout(const ModelConfig& config);

  const std::vector<Entry>& entries() const { return entries_; }
  static constexpr int kEmbedding = 0;
  const LayerIndices& Layer(int64_t layer) const { return layers_[layer]; }
  int output_weight() const { return static_cast<int>(entries_.size()) - 2; }
  int output_bias() const { return static_cast<int>(entries_.size()) - 1; }

  int64_t count() const { return count_; }                // parameters
  int64_t block_floats() const { return block_floats_; }  // with padding
  int64_t block_bytes() const { return block_floats_ * static_cast<int64_t>(sizeof(float)); }

 private:
  int Add(std::string name, std::vector<int64_t> shape);  // its index

  std::vector<Entry> entries_;
  std::vector<LayerIndices> layers_;
  int64_t count_ = 0;
  int64_t block_floats_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_MODEL_PARAMETER_LAYOUT_H_
