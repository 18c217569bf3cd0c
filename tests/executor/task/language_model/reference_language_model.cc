// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/task/language_model/reference_language_model.h"

#include <cmath>

#include "executor/backend/arguments.h"
#include "executor/backend/pointwise.h"

namespace recurve {
namespace {

using reference::Values;

// The factor of element `index` under a dropout mask.
double Kept(double rate, const ReferenceLanguageModel::Batch& batch, uint64_t mask, int64_t index) {
  if (rate == 0) return 1.0;
  const PhiloxState words = DropoutWords(batch.dropout_seed, batch.dropout_step * 256 + mask, index / 4);
  const uint32_t four[4] = {words.c0, words.c1, words.c2, words.c3};
  return four[index % 4] < DropoutThreshold(static_cast<float>(rate)) ? 0.0 : 1.0 / (1.0 - static_cast<float>(rate));
}

// x w + bias, for x with n rows.
Values Affine(const Values& x, const Values& w, const Values& bias, int64_t n) {
  const auto width = static_cast<int64_t>(bias.size());
  Values y = reference::Product(x, w, n, static_cast<int64_t>(x.size()) / n, width);
  for (size_t i = 0; i < y.size(); ++i) y[i] += bias[i % width];
  return y;
}

}  // namespace

ReferenceLanguageModel::ReferenceLanguageModel(const Model& model) : config_(model.config), layout_(model.config) {
  for (const NamedTensor& tensor : model.parameters) {
    tensors_.emplace_back(tensor.values.begin(), tensor.values.end());
  }
}

ReferenceLanguageModel::State ReferenceLanguageModel::ZeroState(int64_t batch) const {
  const Values zeros(batch * config_.hidden);
  return State(config_.layers, std::vector<Values>(GeometryOf(config_.cell).states, zeros));
}

Values ReferenceLanguageModel::RecurrentMask(const Batch& batch, int64_t layer) const {
  Values mask;
  for (int64_t i = 0; i < batch.size * config_.hidden && config_.recurrent_dropout > 0; ++i) {
    mask.push_back(Kept(config_.recurrent_dropout, batch, 128 + layer, i));
  }
  return mask;
}

Values ReferenceLanguageModel::Normalized(const Values& y, const ParameterLayout::LayerIndices& layer) const {
  const int64_t H = config_.hidden;
  Values x = y;
  for (auto row = x.begin(); row != x.end(); row += H) {
    double mean = 0;
    double variance = 0;
    for (int64_t j = 0; j < H; ++j) mean += row[j] / static_cast<double>(H);
    for (int64_t j = 0; j < H; ++j) variance += (row[j] - mean) * (row[j] - mean) / static_cast<double>(H);
    for (int64_t j = 0; j < H; ++j) {
      row[j] = (row[j] - mean) / std::sqrt(variance + kLayerNormEpsilon) * tensors_[layer.norm_gain][j] +
               tensors_[layer.norm_bias][j];
    }
  }
  return x;
}

Values ReferenceLanguageModel::Logits(const Batch& batch, int64_t t, State* state) const {
  const int64_t B = batch.size;
  const int64_t H = config_.hidden;
  Values x;
  for (int64_t b = 0; b < B; ++b) {
    const auto row = tensors_[layout_.embedding].begin() + batch.inputs[t * B + b] * config_.embedding_size();
    x.insert(x.end(), row, row + config_.embedding_size());
  }
  Values y(B * H);
  for (int64_t l = 0; l < config_.layers; ++l) {
    const ParameterLayout::LayerIndices& layer = layout_.layers[l];
    const reference::Layer step{
        .cell = config_.cell,
        .k = 1,
        .B = B,
        .H = H,
        .input = Affine(x, tensors_[layer.input_weight], tensors_[layer.bias], B),
        .recurrent = tensors_[layer.recurrent_weight],
        .recurrent_bias = layer.recurrent_bias == ParameterLayout::kNone ? Values() : tensors_[layer.recurrent_bias],
        .first = (*state)[l],
        .recurrent_mask = RecurrentMask(batch, l),
        .lengths = {}};
    const std::vector<Values> states = reference::Forward(step);
    for (size_t s = 0; s < states.size(); ++s) (*state)[l][s].assign(states[s].begin() + B * H, states[s].end());
    const int64_t step_elements = (B * H + 3) / 4 * 4;  // the elements of a step begin at a multiple of four
    for (int64_t i = 0; i < B * H; ++i) {
      const double below = config_.residual ? y[i] : 0;
      y[i] = below + (*state)[l][0][i] * Kept(config_.dropout, batch, l, t * step_elements + i);
    }
    x = config_.layer_norm ? Normalized(y, layer) : y;
  }
  return Affine(x, tensors_[layout_.output_weight], tensors_[layout_.output_bias], B);
}

double ReferenceLanguageModel::Loss(const Batch& batch, State* state) const {
  double nats = 0;
  for (int64_t t = 0; t < batch.length; ++t) {
    const Values logits = Logits(batch, t, state);
    for (int64_t b = 0; b < batch.size; ++b) {
      const auto row = logits.begin() + b * config_.vocabulary;
      double total = 0;
      for (int64_t v = 0; v < config_.vocabulary; ++v) total += std::exp(row[v]);
      nats += std::log(total) - row[batch.targets[t * batch.size + b]];
    }
  }
  return nats / static_cast<double>(batch.length * batch.size);
}

std::vector<std::vector<double>> ReferenceLanguageModel::Gradients(const Batch& batch, const State& start) {
  constexpr double kStep = 1e-5;
  std::vector<std::vector<double>> gradients;
  for (Values& tensor : tensors_) {
    std::vector<double>& gradient = gradients.emplace_back();
    for (double& value : tensor) {
      const double middle = value;
      State above = start;
      State below = start;
      value = middle + kStep;
      const double loss_above = Loss(batch, &above);
      value = middle - kStep;
      const double loss_below = Loss(batch, &below);
      value = middle;
      gradient.push_back((loss_above - loss_below) / (2 * kStep));
    }
  }
  return gradients;
}

}  // namespace recurve
