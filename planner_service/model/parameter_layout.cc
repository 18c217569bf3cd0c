// SPDX-License-Identifier: Apache-2.0
#include "planner_service/model/parameter_layout.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/model/alignment.h"

namespace recurve {

ParameterLayout::ParameterLayout(const ModelConfig& config) {
  const int64_t H = config.hidden;
  Add("embedding.weight", {config.vocabulary, config.embedding_size()});
  const CellGeometry geometry = GeometryOf(config.cell);
  const int64_t width = geometry.gates * H;
  for (int64_t layer = 0; layer < config.layers; ++layer) {
    const std::string prefix = absl::StrCat("layers.", layer, ".");
    LayerIndices indices{
        .input_weight = Add(prefix + "input_weight", {layer == 0 ? config.embedding_size() : H, width}),
        .recurrent_weight = Add(prefix + "recurrent_weight", {H, width}),
        .bias = Add(prefix + "bias", {width})};
    if (geometry.recurrent_bias) indices.recurrent_bias = Add(prefix + "recurrent_bias", {width});
    if (config.layer_norm) {
      indices.norm_gain = Add(prefix + "norm_gain", {H});
      indices.norm_bias = Add(prefix + "norm_bias", {H});
    }
    layers_.push_back(indices);
  }
  Add("output.weight", {H, config.vocabulary});
  Add("output.bias", {config.vocabulary});
}

int ParameterLayout::Add(std::string name, std::vector<int64_t> shape) {
  int64_t size = 1;
  for (const int64_t extent : shape) size *= extent;
  entries_.push_back({.name = std::move(name), .shape = std::move(shape), .offset = block_floats_, .size = size});
  count_ += size;
  block_floats_ += AlignUp(size * static_cast<int64_t>(sizeof(float))) / static_cast<int64_t>(sizeof(float));
  return static_cast<int>(entries_.size()) - 1;
}

}  // namespace recurve
