// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_MODEL_PARAMETER_LAYOUT_H_
#define RECURVE_PLANNER_SERVICE_MODEL_PARAMETER_LAYOUT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "planner_service/model/model_config.h"

namespace recurve {

// The position of each parameter of a model in a single block. Gradients and optimizer state have blocks of the same
// layout. Tensors begin at multiples of kAlignment, and the padding between them is zero, so an optimizer may process
// the block as a whole. Entries are in the order of the model file.
class ParameterLayout {
 public:
  struct Entry {
    std::string name;
    std::vector<int64_t> shape;
    int64_t offset;  // floats from the start of the block
    int64_t size;    // floats
  };
  static constexpr int kNone = -1;
  // Indices of a recurrent layer's entries, or kNone.
  struct LayerIndices {
    int input_weight, recurrent_weight, bias;
    int recurrent_bias = kNone;
    int norm_gain = kNone;
    int norm_bias = kNone;
  };

  int Add(std::string name, std::vector<int64_t> shape);  // returns its index
  // Adds the layers of a stack whose first layer reads vectors of `input_width`. For each layer l, with G and the order
  // of gates as in GeometryOf:
  //   layers.<l>.input_weight [E or H, G H], layers.<l>.recurrent_weight [H, G H], layers.<l>.bias [G H]
  //   layers.<l>.recurrent_bias [G H]                      if the cell has one
  //   layers.<l>.norm_gain [H], layers.<l>.norm_bias [H]   with layer norm, of the norm above the layer
  std::vector<LayerIndices> AddLayers(const ModelConfig& config, int64_t input_width);

  const std::vector<Entry>& entries() const { return entries_; }
  int64_t count() const { return count_; }                // parameters
  int64_t block_floats() const { return block_floats_; }  // with padding
  int64_t block_bytes() const { return block_floats_ * static_cast<int64_t>(sizeof(float)); }

 private:
  std::vector<Entry> entries_;
  int64_t count_ = 0;
  int64_t block_floats_ = 0;
};

// The parameters of a language model: embedding.weight [V, E], the layers, output.weight [H, V], output.bias [V].
struct LanguageModelLayout {
  explicit LanguageModelLayout(const ModelConfig& config);

  ParameterLayout tensors;
  int embedding, output_weight, output_bias;
  std::vector<ParameterLayout::LayerIndices> layers;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_MODEL_PARAMETER_LAYOUT_H_
