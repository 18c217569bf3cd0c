// SPDX-License-Identifier: Apache-2.0
#include "executor/task/language_model/initial_parameters.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace recurve {
namespace {

// Gains of weights applied to the outputs of a layer, chosen for fast learning of text by stacks of 1 to 3 layers. With
// gains of 1, three layers hardly learn within 150 steps.
constexpr float kInputGain = 3.0f;
constexpr float kOutputGain = 4.0f;

// If true, the forget gate is the second gate.
bool HasForgetGate(Cell cell) { return cell == Cell::kLstm || cell == Cell::kSlstm; }

}  // namespace

Parameters InitialParameters(const ModelConfig& config, uint64_t seed) {
  const LanguageModelLayout layout(config);
  Parameters parameters = ZeroParameters(layout.tensors);
  const float bound = 1.0f / std::sqrt(static_cast<float>(config.hidden));
  const float input_gain = config.layer_norm ? 1.0f : kInputGain;
  const float output_gain = config.layer_norm ? 1.0f : kOutputGain;
  const auto set = [&](int index, int64_t begin, int64_t count, float value) {
    float* first = parameters[index].values.data() + begin;
    std::fill(first, first + count, value);
  };
  const auto fill = [&](int index, float limit) {
    std::vector<float>& values = parameters[index].values;
    FillUniform(values.data(), values.data() + values.size(), limit, seed, static_cast<uint32_t>(index));
  };
  fill(layout.embedding, std::sqrt(3.0f));
  for (int64_t layer = 0; layer < config.layers; ++layer) {
    const ParameterLayout::LayerIndices& indices = layout.layers[layer];
    fill(indices.input_weight, layer == 0 ? bound : input_gain * bound);
    fill(indices.recurrent_weight, bound);
    if (HasForgetGate(config.cell)) set(indices.bias, config.hidden, config.hidden, 1.0f);
    if (config.layer_norm) set(indices.norm_gain, 0, config.hidden, 1.0f);
  }
  fill(layout.output_weight, output_gain * bound);
  return parameters;
}

}  // namespace recurve
