// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_MODEL_PARAMETERS_H_
#define RECURVE_EXECUTOR_MODEL_PARAMETERS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "executor/model/model_file.h"

namespace recurve {

// Where each parameter lies in the one block that holds them all; gradients and optimiser state have blocks of the same
// layout. Tensors begin at multiples of kAlignment and the padding between them is zero, so an optimiser may run over
// the block as a whole. In the order of the model file:
//   embedding.weight [V, E]
//   lstm.<l>.input_weight [E or H, 4H], lstm.<l>.recurrent_weight [H, 4H], lstm.<l>.bias [4H]   for each layer l
//   output.weight [H, V], output.bias [V]
class ParameterLayout {
 public:
  struct Entry {
    std::string name;
    std::vector<int64_t> shape;
    int64_t offset;  // floats from the start of the block
    int64_t size;    // floats
  };
  // Indices of a layer's entries.
  struct LayerIndices {
    int input_weight, recurrent_weight, bias;
  };

  explicit ParameterLayout(const ModelConfig& config);

  const std::vector<Entry>& entries() const { return entries_; }
  static constexpr int kEmbedding = 0;
  static constexpr LayerIndices Layer(int64_t layer) {
    const int first = 1 + 3 * static_cast<int>(layer);
    return {.input_weight = first, .recurrent_weight = first + 1, .bias = first + 2};
  }
  int output_weight() const { return static_cast<int>(entries_.size()) - 2; }
  int output_bias() const { return static_cast<int>(entries_.size()) - 1; }

  int64_t count() const { return count_; }                // parameters
  int64_t block_floats() const { return block_floats_; }  // with padding
  int64_t block_bytes() const { return block_floats_ * static_cast<int64_t>(sizeof(float)); }

 private:
  void Add(std::string name, std::vector<int64_t> shape);

  std::vector<Entry> entries_;
  int64_t count_ = 0;
  int64_t block_floats_ = 0;
};

// New weights, a function of `config` and `seed` alone. Embedding uniform with variance 1; weights of the layers
// uniform in
// (-1/sqrt(H), 1/sqrt(H)); those that read a layer's outputs, which are small, wider: three times that for the layers
// above the first, four times for the output layer. Biases 0 but for the forget gates' 1.
Model InitialModel(const ModelConfig& config, uint64_t seed);

// Between a model and the block of its parameters. The model's tensors must be those of its configuration.
std::vector<float> ToBlock(const Model& model);
Model FromBlock(const ModelConfig& config, const std::vector<float>& block);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_MODEL_PARAMETERS_H_
