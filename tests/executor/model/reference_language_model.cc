// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/model/reference_language_model.h"

#include <cmath>

#include "executor/backend/pointwise.h"

namespace recurve {
namespace {

double SigmoidOf(double x) { return 1.0 / (1.0 + std::exp(-x)); }

}  // namespace

ReferenceLanguageModel::ReferenceLanguageModel(const Model& model) : config_(model.config) {
  for (const NamedTensor& tensor : model.parameters) {
    tensors_.push_back({.columns = tensor.shape.back(), .values = {tensor.values.begin(), tensor.values.end()}});
  }
}

ReferenceLanguageModel::State ReferenceLanguageModel::ZeroState(int64_t batch) const {
  const std::vector<std::vector<double>> zeros(config_.layers, std::vector<double>(batch * config_.hidden, 0.0));
  return {.h = zeros, .c = zeros};
}

// What an output of `layer` is multiplied by. Elements of a step begin at a multiple of four.
double ReferenceLanguageModel::Kept(const Batch& batch, int64_t layer, int64_t t, int64_t b, int64_t unit) const {
  if (config_.dropout == 0) return 1.0;
  const int64_t step_elements = (batch.size * config_.hidden + 3) / 4 * 4;
  const int64_t index = t * step_elements + b * config_.hidden + unit;
  const PhiloxState words = DropoutWords(batch.dropout_seed, batch.dropout_step * 256 + layer, index / 4);
  const uint32_t four[4] = {words.c0, words.c1, words.c2, words.c3};
  const auto rate = static_cast<float>(config_.dropout);
  return four[index % 4] < DropoutThreshold(rate) ? 0.0 : 1.0 / (1.0 - rate);
}

std::vector<double> ReferenceLanguageModel::Step(const Batch& batch, int64_t t, int64_t b, State* state) const {
  const int64_t H = config_.hidden;
  const int32_t token = batch.inputs[t * batch.size + b];
  std::vector<double> x(config_.embedding);
  for (int64_t e = 0; e < config_.embedding; ++e) x[e] = tensors_[0].at(token, e);
  for (int64_t l = 0; l < config_.layers; ++l) {
    const Tensor& input = tensors_[1 + 3 * l];
    const Tensor& recurrent = tensors_[2 + 3 * l];
    std::vector<double> z = tensors_[3 + 3 * l].values;
    double* h = state->h[l].data() + b * H;
    double* c = state->c[l].data() + b * H;
    for (int64_t column = 0; column < 4 * H; ++column) {
      for (size_t row = 0; row < x.size(); ++row) z[column] += x[row] * input.at(row, column);
      for (int64_t row = 0; row < H; ++row) z[column] += h[row] * recurrent.at(row, column);
    }
    x.resize(H);
    for (int64_t unit = 0; unit < H; ++unit) {
      c[unit] = SigmoidOf(z[H + unit]) * c[unit] + SigmoidOf(z[unit]) * std::tanh(z[2 * H + unit]);
      h[unit] = SigmoidOf(z[3 * H + unit]) * std::tanh(c[unit]);
      x[unit] = h[unit] * Kept(batch, l, t, b, unit);
    }
  }
  std::vector<double> logits = tensors_.back().values;
  const Tensor& output = tensors_[tensors_.size() - 2];
  for (int64_t v = 0; v < config_.vocabulary; ++v) {
    for (int64_t unit = 0; unit < H; ++unit) logits[v] += x[unit] * output.at(unit, v);
  }
  return logits;
}

double ReferenceLanguageModel::Loss(const Batch& batch, State* state) const {
  double nats = 0;
  for (int64_t t = 0; t < batch.length; ++t) {
    for (int64_t b = 0; b < batch.size; ++b) {
      const std::vector<double> logits = Step(batch, t, b, state);
      double total = 0;
      for (const double logit : logits) total += std::exp(logit);
      nats += std::log(total) - logits[batch.targets[t * batch.size + b]];
    }
  }
  return nats / static_cast<double>(batch.length * batch.size);
}

std::vector<std::vector<double>> ReferenceLanguageModel::Gradients(const Batch& batch, const State& start) {
  constexpr double kStep = 1e-5;
  std::vector<std::vector<double>> gradients;
  for (Tensor& tensor : tensors_) {
    std::vector<double>& gradient = gradients.emplace_back();
    for (double& value : tensor.values) {
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
