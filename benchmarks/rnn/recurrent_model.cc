// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/rnn/recurrent_model.h"

#include <random>
#include <vector>

#include "executor/task/language_model/initial_parameters.h"

namespace recurve {
namespace {

constexpr int64_t kFloat = sizeof(float);

void FillRandom(Backend& backend, float* data, int64_t n) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(n);
  for (float& value : values) value = uniform(random);
  backend.Upload(values.data(), n * kFloat, data);
}

}  // namespace

RecurrentModel::RecurrentModel(const ModelConfig& config, const SequenceShape& shape, Backend& backend)
    : config_(config),
      shape_(shape),
      backend_(backend),
      layout_(config),
      stack_(config, shape, /*training=*/true, backend) {
  Place(needs_);
}

void RecurrentModel::Place(Regions& regions) {
  parameters_ = regions.parameters.Floats(layout_.tensors.block_floats());
  gradients_ = regions.gradients.Floats(layout_.tensors.block_floats());
  packed_ = regions.packed.Bytes(backend_.PackedBytes(Packing::kForward, config_.embedding, width()));
  stack_.Place(layout_.tensors, layout_.layers, parameters_, gradients_, regions.packed, regions.workspace);
  x_ = regions.batch.Floats(shape_.length * shape_.batch * config_.embedding);
  dy_ = regions.batch.Floats(shape_.length * shape_.batch * config_.hidden);
}

void RecurrentModel::Bind(Regions regions) {
  Place(regions);
  Upload(InitialParameters(config_, /*seed=*/1), layout_.tensors, backend_, parameters_);
  FillRandom(backend_, x_, shape_.length * shape_.batch * config_.embedding);
  FillRandom(backend_, dy_, shape_.length * shape_.batch * config_.hidden);
}

double RecurrentModel::Flops() const {
  // Per element of the gates: each weight is used in the forward, for its own gradient, and for the gradient of its
  // input, which the first layer does not need.
  const int64_t first = 2 * config_.embedding + 3 * config_.hidden;
  const int64_t above = (config_.layers - 1) * 6 * config_.hidden;
  return 2 * static_cast<double>(first + above) * static_cast<double>(width() * shape_.length * shape_.batch);
}

void RecurrentModel::BeginSweep() {
  const float* weight = parameters_ + layout_.tensors.entries()[layout_.layers[0].input_weight].offset;
  backend_.Pack(Packing::kForward, weight, config_.embedding, width(), packed_);
  stack_.Pack();
  backend_.Zero(gradients_, layout_.tensors.block_bytes());
}

void RecurrentModel::Forward(int64_t link, const std::byte* state_in, std::byte* state_out, std::byte* tape,
                             bool keep_tape) {
  const RecurrentStack::Link there{.index = link, .state_in = state_in, .state_out = state_out, .tape = tape};
  float* projected = stack_.FirstInput(there);
  const float* bias = parameters_ + layout_.tensors.entries()[layout_.layers[0].bias].offset;
  backend_.LinearForward(shape_.steps(link) * shape_.batch, config_.embedding, width(),
                         x_ + FirstRow(link) * config_.embedding, packed_, bias, projected, stack_.input_stride());
  stack_.Forward(there, {.projected = projected}, keep_tape);
}

void RecurrentModel::Backward(int64_t link, const std::byte* state_in, const std::byte* state_out, std::byte* tape,
                              std::byte* state_gradient) {
  const RecurrentStack::Link there{.index = link, .state_in = state_in, .state_out = state_out, .tape = tape};
  const int64_t rows = shape_.steps(link) * shape_.batch;
  // Like a loss: reads the output and overwrites it with its gradient.
  float* output = stack_.Output(there);
  backend_.Copy(dy_ + FirstRow(link) * config_.hidden, rows * config_.hidden * kFloat, output);
  stack_.Backward(there, state_gradient);
  const ParameterLayout::LayerIndices& first = layout_.layers[0];
  backend_.LinearWeightGradient(rows, config_.embedding, width(), x_ + FirstRow(link) * config_.embedding,
                                stack_.FirstInputGradient(there), stack_.input_stride(),
                                gradients_ + layout_.tensors.entries()[first.input_weight].offset,
                                gradients_ + layout_.tensors.entries()[first.bias].offset);
}

}  // namespace recurve
