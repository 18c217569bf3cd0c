// SPDX-License-Identifier: Apache-2.0
#include "executor/model/recurrent_stack.h"

#include <type_traits>

namespace recurve {
namespace {

constexpr uint64_t kMasksPerStep = 256;        // more than twice the number of layers
constexpr uint64_t kFirstRecurrentMask = 128;  // the first of those masks
static_assert(kMaxLayers <= kFirstRecurrentMask);

int64_t FloatBytes(int64_t n) { return n * static_cast<int64_t>(sizeof(float)); }

}  // namespace

RecurrentStack::RecurrentStack(const ModelConfig& config, const SequenceShape& shape, bool training, Backend& backend)
    : config_(config),
      shape_(shape),
      training_(training),
      backend_(backend),
      geometry_(GeometryOf(config.cell)),
      states_(config.cell, config.layers, shape.batch, config.hidden),
      tapes_(config.cell, config.layers, shape.link, shape.batch, config.hidden),
      dropout_(training ? static_cast<float>(config.dropout) : 0.0f),
      recurrent_dropout_(training ? static_cast<float>(config.recurrent_dropout) : 0.0f),
      layers_(config.layers) {}

void RecurrentStack::Place(const ParameterLayout& layout, const std::vector<ParameterLayout::LayerIndices>& layers,
                           const float* parameters, float* gradients, Region& weights, Region& workspace) {
  const int64_t H = config_.hidden;
  const auto pick = [&](auto* block, const ParameterLayout::LayerIndices& indices) {
    const auto at = [&](int index) {
      return block == nullptr || index == ParameterLayout::kNone ? nullptr : block + layout.entries()[index].offset;
    };
    return Tensors<std::remove_pointer_t<decltype(block)>>{.input = at(indices.input_weight),
                                                           .recurrent = at(indices.recurrent_weight),
                                                           .bias = at(indices.bias),
                                                           .recurrent_bias = at(indices.recurrent_bias),
                                                           .norm_gain = at(indices.norm_gain),
                                                           .norm_bias = at(indices.norm_bias)};
  };
  for (int64_t l = 0; l < config_.layers; ++l) {
    Layer& layer = layers_[l];
    layer.weights = pick(parameters, layers[l]);
    layer.gradients = pick(gradients, layers[l]);
    const auto input = [&](Packing packing) {
      return l == 0 ? nullptr : weights.Bytes(backend_.PackedBytes(packing, H, geometry_.gates * H));
    };
    const auto recurrent = [&](Packing packing) {
      return weights.Bytes(backend_.PackedRecurrentBytes(config_.cell, packing, H));
    };
    layer.recurrent_forward = recurrent(Packing::kForward);
    layer.input_forward = input(Packing::kForward);
    if (training_) layer.recurrent_backward = recurrent(Packing::kBackward);
    if (training_) layer.input_backward = input(Packing::kBackward);
    if (recurrent_dropout_ > 0) layer.recurrent_mask = workspace.Floats(shape_.batch * H);
  }
  const int64_t link_floats = shape_.link * shape_.batch * H;
  scratch_ = workspace.Floats(link_floats);
  inputs_ = config_.residual || config_.layer_norm ? workspace.Floats(link_floats) : scratch_;
  if (config_.layer_norm) normal_ = workspace.Floats(link_floats);
  if (geometry_.tape == 0) gates_ = workspace.Floats(geometry_.gates * link_floats);
  if (recurrent_dropout_ > 0) {
    masked_ = workspace.Floats(link_floats);
    direct_ = workspace.Floats(shape_.batch * H);
  }
}

void RecurrentStack::Pack() {
  const int64_t H = config_.hidden;
  for (const Layer& layer : layers_) {
    backend_.PackRecurrent(config_.cell, Packing::kForward, layer.weights.recurrent, H, layer.recurrent_forward);
    if (training_) {
      backend_.PackRecurrent(config_.cell, Packing::kBackward, layer.weights.recurrent, H, layer.recurrent_backward);
    }
    const auto pack_input = [&](Packing packing, std::byte* packed) {
      if (packed != nullptr) backend_.Pack(packing, layer.weights.input, H, geometry_.gates * H, packed);
    };
    pack_input(Packing::kForward, layer.input_forward);
    pack_input(Packing::kBackward, layer.input_backward);
  }
}

void RecurrentStack::SetDropoutStream(uint64_t seed, uint64_t step) {
  dropout_seed_ = seed;
  dropout_step_ = step;
  if (recurrent_dropout_ == 0.0f) return;
  for (int64_t l = 0; l < config_.layers; ++l) {
    const DropoutMask mask{.rate = recurrent_dropout_,
                           .seed = seed,
                           .stream = step * kMasksPerStep + kFirstRecurrentMask + static_cast<uint64_t>(l)};
    backend_.Dropout(shape_.batch * config_.hidden, mask, nullptr, layers_[l].recurrent_mask, /*add=*/false);
  }
}

void RecurrentStack::Forward(const Link& link, const CellInput& input, bool keep_tape) {
  ForwardLayer(0, link, input, keep_tape);
  for (int64_t l = 1; l < config_.layers; ++l) {
    GatherNormalized(l - 1, link, scratch_);
    float* gates = GateBuffer(l, link);
    const Layer& layer = layers_[l];
    backend_.LinearForward(rows(link), config_.hidden, geometry_.gates * config_.hidden, scratch_, layer.input_forward,
                           layer.weights.bias, gates, input_stride());
    ForwardLayer(l, link, {.projected = gates}, keep_tape);
  }
}

void RecurrentStack::ForwardLayer(int64_t l, const Link& link, const CellInput& input, bool keep_tape) {
  const Layer& layer = layers_[l];
  CellForwardArgs args{.cell = config_.cell,
                       .k = steps(link),
                       .B = shape_.batch,
                       .H = config_.hidden,
                       .input = input,
                       .recurrent = layer.recurrent_forward,
                       .recurrent_bias = layer.weights.recurrent_bias,
                       .gates = keep_tape || geometry_.two_products ? GateBuffer(l, link) : nullptr,
                       .recurrent_mask = layer.recurrent_mask,
                       .masked = masked_,
                       .lengths = Lengths(link)};
  states_.Fill(link.state_in, l, args.first);
  tapes_.Fill(link.tape, l, args.inner);
  states_.Fill(const_cast<std::byte*>(link.state_out), l, args.last);
  backend_.CellForward(args);
}

float* RecurrentStack::Output(const Link& link) {
  GatherNormalized(config_.layers - 1, link, scratch_);
  return scratch_;
}

float* RecurrentStack::OutputOfState(const std::byte* state) {
  const int64_t n = shape_.batch * config_.hidden;
  const Layer& top = layers_.back();
  backend_.Copy(states_.h(state, config_.layers - 1), FloatBytes(n), scratch_);
  for (int64_t l = config_.layers - 2; l >= 0 && config_.residual; --l) backend_.Add(n, states_.h(state, l), scratch_);
  if (config_.layer_norm) {
    backend_.LayerNormForward(shape_.batch, config_.hidden, scratch_, top.weights.norm_gain, top.weights.norm_bias,
                              scratch_);
  }
  return scratch_;
}

void RecurrentStack::Backward(const Link& link, std::byte* state_gradient) {
  const int64_t top = config_.layers - 1;
  if (config_.layer_norm) {
    GatherOutputs(top, link, normal_);
    NormBackward(top, link, scratch_, scratch_);
  }
  for (int64_t l = top; l >= 0; --l) BackwardLayer(l, link, state_gradient);
}

// In: scratch_ holds the gradient of y(l). Out: that of y(l - 1).
void RecurrentStack::BackwardLayer(int64_t l, const Link& link, std::byte* state_gradient) {
  float* dh_above = scratch_;
  if (dropout_ > 0) {
    dh_above = inputs_;  // residual layers still need scratch_
    Drop(l, shape_.first_step(link.index), steps(link), scratch_, dh_above, /*add=*/false);
  }
  BackwardCells(l, link, dh_above, state_gradient);
  if (l > 0) BackwardInput(l, link);
  AddRecurrentGradient(l, link);  // last, so that a backend can overlap it with the lower layers
}

void RecurrentStack::BackwardCells(int64_t l, const Link& link, const float* dh_above, std::byte* state_gradient) {
  const Layer& layer = layers_[l];
  CellBackwardArgs args{.cell = config_.cell,
                        .k = steps(link),
                        .B = shape_.batch,
                        .H = config_.hidden,
                        .recurrent = layer.recurrent_backward,
                        .dh_above = dh_above,
                        .gates = GateBuffer(l, link),
                        .recurrent_mask = layer.recurrent_mask,
                        .direct = direct_,
                        .lengths = Lengths(link)};
  states_.Fill(link.state_in, l, args.first);
  tapes_.Fill(link.tape, l, args.inner);
  states_.Fill(link.state_out, l, args.last);
  states_.Fill(state_gradient, l, args.d);
  backend_.CellBackward(args);
}

void RecurrentStack::AddRecurrentGradient(int64_t l, const Link& link) {
  const Layer& layer = layers_[l];
  backend_.CellWeightGradient({.cell = config_.cell,
                               .k = steps(link),
                               .B = shape_.batch,
                               .H = config_.hidden,
                               .h_first = states_.h(link.state_in, l),
                               .h = tapes_.h(link.tape, l),
                               .gates = GateBuffer(l, link),
                               .dw = layer.gradients.recurrent,
                               .dbias = layer.gradients.recurrent_bias,
                               .recurrent_mask = layer.recurrent_mask,
                               .masked = masked_});
}

void RecurrentStack::BackwardInput(int64_t l, const Link& link) {
  const int64_t H = config_.hidden;
  const int64_t n = rows(link);
  const Layer& layer = layers_[l];
  const float* gates = GateBuffer(l, link);
  // Recomputes the input from the layers below, then replaces it by its gradient.
  GatherNormalized(l - 1, link, inputs_);
  backend_.LinearWeightGradient(n, H, geometry_.gates * H, inputs_, gates, input_stride(), layer.gradients.input,
                                layer.gradients.bias);
  backend_.LinearInputGradient(n, H, geometry_.gates * H, gates, input_stride(), layer.input_backward, inputs_);
  if (config_.layer_norm) {
    GatherOutputs(l - 1, link, normal_);
    NormBackward(l - 1, link, inputs_, config_.residual ? inputs_ : scratch_);
  }
  if (config_.residual) backend_.Add(n * H, inputs_, scratch_);
}

void RecurrentStack::NormBackward(int64_t l, const Link& link, const float* dy, float* dx) {
  const Layer& layer = layers_[l];
  backend_.LayerNormBackward({.n = rows(link),
                              .width = config_.hidden,
                              .x = normal_,
                              .gamma = layer.weights.norm_gain,
                              .dy = dy,
                              .dx = dx,
                              .dgamma = layer.gradients.norm_gain,
                              .dbeta = layer.gradients.norm_bias});
}

void RecurrentStack::GatherNormalized(int64_t l, const Link& link, float* y) {
  GatherOutputs(l, link, y);
  const Layer& layer = layers_[l];
  if (config_.layer_norm) {
    backend_.LayerNormForward(rows(link), config_.hidden, y, layer.weights.norm_gain, layer.weights.norm_bias, y);
  }
}

void RecurrentStack::GatherOutputs(int64_t l, const Link& link, float* y) {
  const int64_t before_last = steps(link) - 1;
  const int64_t step_floats = shape_.batch * config_.hidden;
  const int64_t first = shape_.first_step(link.index);
  const int64_t lowest = config_.residual ? 0 : l;
  for (int64_t j = l; j >= lowest; --j) {
    Drop(j, first, before_last, tapes_.h(link.tape, j), y, j < l);
    Drop(j, first + before_last, 1, states_.h(link.state_out, j), y + before_last * step_floats, j < l);
  }
}

void RecurrentStack::Drop(int64_t l, int64_t first, int64_t n, const float* x, float* y, bool add) {
  if (n == 0) return;
  const int64_t step_floats = shape_.batch * config_.hidden;
  if (dropout_ == 0.0f) {
    if (add) {
      backend_.Add(n * step_floats, x, y);
    } else {
      backend_.Copy(x, FloatBytes(n * step_floats), y);
    }
    return;
  }
  // A step's elements begin at a multiple of four in the mask. If that leaves no gaps, one call covers all steps.
  const int64_t stride = (step_floats + 3) / 4 * 4;
  const int64_t steps_per_call = stride == step_floats ? n : 1;
  for (int64_t step = 0; step < n; step += steps_per_call) {
    const DropoutMask mask{.rate = dropout_,
                           .seed = dropout_seed_,
                           .stream = dropout_step_ * kMasksPerStep + static_cast<uint64_t>(l),
                           .offset = static_cast<uint64_t>((first + step) * stride)};
    backend_.Dropout(steps_per_call * step_floats, mask, x + step * step_floats, y + step * step_floats, add);
  }
}

}  // namespace recurve
