// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/rnn/recurrent_model.h"

#include <chrono>
#include <cmath>
#include <random>

namespace recurve {
namespace {

constexpr int64_t kFloat = sizeof(float);

void FillRandom(Backend& backend, float* data, int64_t n, double scale) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(static_cast<float>(-scale), static_cast<float>(scale));
  std::vector<float> values(n);
  for (float& value : values) value = uniform(random);
  backend.Upload(values.data(), n * kFloat, data);
}

}  // namespace

RecurrentModel::RecurrentModel(const RecurrentShape& shape, Backend& backend)
    : shape_(shape),
      backend_(backend),
      states_(shape.layers, shape.sequence.batch, shape.hidden),
      tapes_(shape.layers, shape.sequence.link, shape.sequence.batch, shape.hidden),
      layers_(shape.layers) {
  Place(needs_);
}

void RecurrentModel::Place(Regions& regions) {
  const int64_t H = shape_.hidden;
  const int64_t rows = shape_.sequence.length * shape_.sequence.batch;
  gradients_ = regions.gradients.Bytes(0);
  for (int64_t l = 0; l < shape_.layers; ++l) {
    Layer& layer = layers_[l];
    layer.inputs = l == 0 ? shape_.input : H;
    const auto packed = [&](Packing packing, int64_t n) {
      return regions.packed.Bytes(backend_.PackedBytes(packing, n, 4 * H));
    };
    layer.input_weight = regions.parameters.Floats(layer.inputs * 4 * H);
    layer.recurrent_weight = regions.parameters.Floats(H * 4 * H);
    layer.bias = regions.parameters.Floats(4 * H);
    layer.input_gradient = regions.gradients.Floats(layer.inputs * 4 * H);
    layer.recurrent_gradient = regions.gradients.Floats(H * 4 * H);
    layer.bias_gradient = regions.gradients.Floats(4 * H);
    layer.input_forward = packed(Packing::kForward, layer.inputs);
    layer.recurrent_forward = packed(Packing::kLstm, H);
    layer.recurrent_backward = packed(Packing::kBackward, H);
    if (l > 0) layer.input_backward = packed(Packing::kBackward, H);
  }
  x_ = regions.batch.Floats(rows * shape_.input);
  dy_ = regions.batch.Floats(rows * H);
  if (shape_.layers > 1) scratch_ = regions.workspace.Floats(shape_.sequence.link * shape_.sequence.batch * H);
}

void RecurrentModel::Bind(Regions regions) {
  Place(regions);
  const int64_t H = shape_.hidden;
  const double scale = 1 / std::sqrt(static_cast<double>(H));  // as torch.nn.LSTM
  for (const Layer& layer : layers_) {
    FillRandom(backend_, layer.input_weight, layer.inputs * 4 * H, scale);
    FillRandom(backend_, layer.recurrent_weight, H * 4 * H, scale);
    FillRandom(backend_, layer.bias, 4 * H, scale);
  }
  const int64_t rows = shape_.sequence.length * shape_.sequence.batch;
  FillRandom(backend_, x_, rows * shape_.input, 1);
  FillRandom(backend_, dy_, rows * H, 1);
}

double RecurrentModel::Flops() const {
  double multiplications = 0;  // for each row of the batch and step
  for (const Layer& layer : layers_) {
    const int64_t by_input = layer.inputs * 4 * shape_.hidden;
    const int64_t by_state = shape_.hidden * 4 * shape_.hidden;
    multiplications += static_cast<double>((layer.input_backward == nullptr ? 2 : 3) * by_input + 3 * by_state);
  }
  return 2 * multiplications * static_cast<double>(shape_.sequence.length * shape_.sequence.batch);
}

template <typename Operation>
void RecurrentModel::Part(const char* name, const Operation& operation) {
  if (part_seconds_ == nullptr) {
    operation();
    return;
  }
  const auto begin = std::chrono::steady_clock::now();
  operation();
  backend_.Synchronize().IgnoreError();  // the run asks again at its end
  (*part_seconds_)[name] += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void RecurrentModel::BeginSweep() {
  const int64_t H = shape_.hidden;
  Part("pack", [&] {
    for (const Layer& layer : layers_) {
      backend_.Pack(Packing::kForward, layer.input_weight, layer.inputs, 4 * H, layer.input_forward);
      backend_.Pack(Packing::kLstm, layer.recurrent_weight, H, 4 * H, layer.recurrent_forward);
      backend_.Pack(Packing::kBackward, layer.recurrent_weight, H, 4 * H, layer.recurrent_backward);
      if (layer.input_backward == nullptr) continue;
      backend_.Pack(Packing::kBackward, layer.input_weight, layer.inputs, 4 * H, layer.input_backward);
    }
    backend_.Zero(gradients_, needs_.gradients.used());
  });
}

const float* RecurrentModel::Input(int64_t layer, int64_t link, const std::byte* state_out, std::byte* tape) {
  const int64_t B = shape_.sequence.batch;
  if (layer == 0) return x_ + shape_.sequence.first_step(link) * B * shape_.input;
  const int64_t step_floats = B * shape_.hidden;
  const int64_t before_last = (shape_.sequence.steps(link) - 1) * step_floats;
  if (before_last > 0) backend_.Copy(tapes_.h(tape, layer - 1), before_last * kFloat, scratch_);
  backend_.Copy(states_.h(state_out, layer - 1), step_floats * kFloat, scratch_ + before_last);
  return scratch_;
}

void RecurrentModel::Forward(int64_t link, const std::byte* state_in, std::byte* state_out, std::byte* tape,
                             bool keep_tape) {
  const int64_t n = shape_.sequence.steps(link);
  const int64_t B = shape_.sequence.batch;
  const int64_t H = shape_.hidden;
  for (int64_t l = 0; l < shape_.layers; ++l) {
    const Layer& layer = layers_[l];
    float* gates = tapes_.gates(tape, l);
    Part("input_projection", [&] {
      backend_.LinearForward(n * B, layer.inputs, 4 * H, Input(l, link, state_out, tape), layer.input_forward,
                             layer.bias, gates);
    });
    Part("forward", [&] {
      backend_.LstmForward({.k = n,
                            .B = B,
                            .H = H,
                            .input = {.projected = gates},
                            .recurrent = layer.recurrent_forward,
                            .h_first = states_.h(state_in, l),
                            .c_first = states_.c(state_in, l),
                            .gates = keep_tape ? gates : nullptr,
                            .h = tapes_.h(tape, l),
                            .c = tapes_.c(tape, l),
                            .h_last = states_.h(state_out, l),
                            .c_last = states_.c(state_out, l)});
    });
  }
}

void RecurrentModel::Backward(int64_t link, const std::byte* state_in, const std::byte* state_out, std::byte* tape,
                              std::byte* state_gradient) {
  for (int64_t l = shape_.layers - 1; l >= 0; --l) BackwardLayer(l, link, state_in, state_out, tape, state_gradient);
}

void RecurrentModel::BackwardLayer(int64_t l, int64_t link, const std::byte* state_in, const std::byte* state_out,
                                   std::byte* tape, std::byte* state_gradient) {
  const int64_t n = shape_.sequence.steps(link);
  const int64_t B = shape_.sequence.batch;
  const int64_t H = shape_.hidden;
  const Layer& layer = layers_[l];
  float* gates = tapes_.gates(tape, l);
  const float* from_above = l + 1 < shape_.layers ? scratch_ : dy_ + shape_.sequence.first_step(link) * B * H;
  Part("backward", [&] {
    backend_.LstmBackward({.k = n,
                           .B = B,
                           .H = H,
                           .recurrent = layer.recurrent_backward,
                           .dh_above = from_above,
                           .gates = gates,
                           .c_first = states_.c(state_in, l),
                           .c = tapes_.c(tape, l),
                           .c_last = states_.c(state_out, l),
                           .dh = states_.h(state_gradient, l),
                           .dc = states_.c(state_gradient, l)});
  });
  Part("recurrent_weight_gradient", [&] {
    backend_.LstmWeightGradient({.k = n,
                                 .B = B,
                                 .H = H,
                                 .h_first = states_.h(state_in, l),
                                 .h = tapes_.h(tape, l),
                                 .dgates = gates,
                                 .dw = layer.recurrent_gradient});
  });
  Part("input_weight_gradient", [&] {
    backend_.LinearWeightGradient(n * B, layer.inputs, 4 * H, Input(l, link, state_out, tape), gates,
                                  layer.input_gradient, layer.bias_gradient);
  });
  if (layer.input_backward == nullptr) return;
  Part("input_gradient",
       [&] { backend_.LinearInputGradient(n * B, layer.inputs, 4 * H, gates, layer.input_backward, scratch_); });
}

}  // namespace recurve
