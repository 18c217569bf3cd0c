// SPDX-License-Identifier: Apache-2.0
#include "planner_service/model/parameter_layout.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/model/alignment.h"

namespace recurve {

LanguageModelLayout::LanguageModelLayout(const ModelConfig& config)
    : embedding(tensors.Add("embedding.weight", {config.vocabulary, config.embedding_size()})),
      layers(tensors.AddLayers(config, config.embedding_size())) {
  output_weight = tensors.Add("output.weight", {config.hidden, config.vocabulary});
  output_bias = tensors.Add("output.bias", {config.vocabulary});
}

std::vector<ParameterLayout::LayerIndices> ParameterLayout::AddLayers(const ModelConfig& config, int64_t input_width) {
  const int64_t H = config.hidden;
  const CellGeometry geometry = GeometryOf(config.cell);
  const int64_t width = geometry.gates * H;
  std::vector<LayerIndices> layers;
  for (int64_t layer = 0; layer < config.layers; ++layer) {
    const std::string prefix = absl::StrCat("layers.", layer, ".");
    LayerIndices indices{.input_weight = Add(prefix + "input_weight", {layer == 0 ? input_width : H, width}),
                         .recurrent_weight = Add(prefix + "recurrent_weight", {H, width}),
                         .bias = Add(prefix + "bias", {width})};
    if (geometry.recurrent_bias) indices.recurrent_bias = Add(prefix + "recurrent_bias", {width});
    if (config.layer_norm) {
      indices.norm_gain = Add(prefix + "norm_gain", {H});
      indices.norm_bias = Add(prefix + "norm_bias", {H});
    }
    layers.push_back(indices);
  }
  return layers;
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
