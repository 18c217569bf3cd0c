// SPDX-License-Identifier: Apache-2.0
#include "executor/model/language_model.h"

namespace recurve {
namespace {

constexpr int64_t kMasksPerStep = 256;  // more than there are layers

int64_t FloatBytes(int64_t n) { return n * static_cast<int64_t>(sizeof(float)); }

}  // namespace

LanguageModel::LanguageModel(const ModelConfig& config, const SequenceShape& shape, Use use, Backend& backend)
    : config_(config),
      shape_(shape),
      use_(use),
      backend_(backend),
      layout_(config),
      states_(config.layers, shape.batch, config.hidden),
      tapes_(config.layers, shape.link, shape.batch, config.hidden),
      dropout_(use == Use::kTraining ? static_cast<float>(config.dropout) : 0.0f),
      table_({.vocabulary = config.vocabulary, .embedding = config.embedding, .width = 4 * config.hidden}, backend),
      head_({.hidden = config.hidden, .vocabulary = config.vocabulary, .max_rows = shape.link * shape.batch}, backend),
      layers_(config.layers) {
  Place(needs_);
}

void LanguageModel::Place(Regions& regions) {
  parameters_ = regions.weights.Floats(layout_.block_floats());
  if (training()) gradients_ = regions.gradients.Floats(layout_.block_floats());
  const int64_t tokens = FloatBytes(shape_.length * shape_.batch);
  inputs_ = reinterpret_cast<int32_t*>(regions.batch.Bytes(tokens));
  targets_ = reinterpret_cast<int32_t*>(regions.batch.Bytes(tokens));
  loss_ = reinterpret_cast<double*>(regions.workspace.Bytes(sizeof(double)));
  scratch_ = regions.workspace.Floats(shape_.link * shape_.batch * config_.hidden);
  PlaceLayers(regions);
}

void LanguageModel::PlaceLayers(Regions& regions) {
  const int64_t H = config_.hidden;
  const bool measuring = parameters_ == nullptr;
  const auto weight = [&](int index) { return measuring ? nullptr : parameters_ + BlockOffset(index); };
  const auto gradient = [&](int index) { return measuring || !training() ? nullptr : gradients_ + BlockOffset(index); };
  const auto packed = [&](Packing packing, int64_t rows) {
    return regions.weights.Bytes(backend_.PackedBytes(packing, rows, 4 * H));
  };
  for (int64_t l = 0; l < config_.layers; ++l) {
    const auto indices = ParameterLayout::Layer(l);
    Layer& layer = layers_[l];
    layer.input_weight = weight(indices.input_weight);
    layer.recurrent_weight = weight(indices.recurrent_weight);
    layer.bias = weight(indices.bias);
    layer.input_gradient = gradient(indices.input_weight);
    layer.recurrent_gradient = gradient(indices.recurrent_weight);
    layer.bias_gradient = gradient(indices.bias);
    layer.recurrent_forward = packed(Packing::kLstm, H);
    if (l > 0) layer.input_forward = packed(Packing::kForward, H);
    if (training()) layer.recurrent_backward = packed(Packing::kBackward, H);
    if (training() && l > 0) layer.input_backward = packed(Packing::kBackward, H);
  }
  const Layer& first = layers_.front();
  table_.Place(
      {.embedding = weight(ParameterLayout::kEmbedding), .input_weight = first.input_weight, .bias = first.bias},
      regions.weights);
  head_.Place({.weight = weight(layout_.output_weight()), .bias = weight(layout_.output_bias())}, regions.weights,
              regions.workspace);
  if (!training()) return;
  table_.PlaceGradients({.embedding = gradient(ParameterLayout::kEmbedding),
                         .input_weight = first.input_gradient,
                         .bias = first.bias_gradient},
                        regions.gradients);
  head_.PlaceGradients({.weight = gradient(layout_.output_weight()), .bias = gradient(layout_.output_bias())},
                       regions.weights);
}

void LanguageModel::SetDropoutStream(uint64_t seed, uint64_t step) {
  dropout_seed_ = seed;
  dropout_step_ = step;
}

void LanguageModel::PrepareWeights() {
  for (int64_t l = 0; l < config_.layers; ++l) PackLayer(l);
  table_.Fold();
  head_.Pack();
}

void LanguageModel::PackLayer(int64_t l) {
  const int64_t H = config_.hidden;
  const Layer& layer = layers_[l];
  const auto pack = [&](Packing packing, const float* w, std::byte* packed) {
    if (packed != nullptr) backend_.Pack(packing, w, H, 4 * H, packed);
  };
  pack(Packing::kLstm, layer.recurrent_weight, layer.recurrent_forward);
  pack(Packing::kBackward, layer.recurrent_weight, layer.recurrent_backward);
  pack(Packing::kForward, layer.input_weight, layer.input_forward);
  pack(Packing::kBackward, layer.input_weight, layer.input_backward);
}

void LanguageModel::BeginBatch() {
  backend_.Zero(loss_, sizeof(double));
  if (!training()) return;
  backend_.Zero(gradients_, layout_.block_bytes());
  table_.ZeroGradients();
}

void LanguageModel::EndBatch() { table_.UnfoldGradients(); }

void LanguageModel::Forward(int64_t link, const std::byte* state_in, std::byte* state_out, std::byte* tape,
                            bool keep_tape) {
  const int64_t n = shape_.steps(link);
  const int64_t B = shape_.batch;
  const int64_t H = config_.hidden;
  for (int64_t l = 0; l < config_.layers; ++l) {
    const Layer& layer = layers_[l];
    float* gates = tapes_.gates(tape, l);
    GateInput input;
    if (l == 0) {
      input.table = table_.rows();
      input.tokens = inputs_ + shape_.first_step(link) * B;
    } else {
      GatherOutputs(l - 1, link, state_out, tape);
      backend_.LinearForward(n * B, H, 4 * H, scratch_, layer.input_forward, layer.bias, gates);
      input.projected = gates;
    }
    backend_.LstmForward({.k = n,
                          .B = B,
                          .H = H,
                          .input = input,
                          .recurrent = layer.recurrent_forward,
                          .h_first = states_.h(state_in, l),
                          .c_first = states_.c(state_in, l),
                          .gates = keep_tape ? gates : nullptr,
                          .h = tapes_.h(tape, l),
                          .c = tapes_.c(tape, l),
                          .h_last = states_.h(state_out, l),
                          .c_last = states_.c(state_out, l)});
  }
}

void LanguageModel::Backward(int64_t link, const std::byte* state_in, const std::byte* state_out, std::byte* tape,
                             std::byte* state_gradient) {
  const int64_t top = config_.layers - 1;
  const int64_t B = shape_.batch;
  GatherOutputs(top, link, state_out, tape);
  head_.Backward(shape_.steps(link) * B, scratch_, targets_ + shape_.first_step(link) * B,
                 static_cast<float>(1.0 / static_cast<double>(shape_.length * B)), loss_);
  MaskLink(top, link);
  for (int64_t l = top; l >= 0; --l) BackwardLayer(l, link, state_in, state_out, tape, state_gradient);
}

void LanguageModel::BackwardLayer(int64_t l, int64_t link, const std::byte* state_in, const std::byte* state_out,
                                  std::byte* tape, std::byte* state_gradient) {
  const int64_t n = shape_.steps(link);
  const int64_t B = shape_.batch;
  const int64_t H = config_.hidden;
  const Layer& layer = layers_[l];
  float* gates = tapes_.gates(tape, l);
  backend_.LstmBackward({.k = n,
                         .B = B,
                         .H = H,
                         .recurrent = layer.recurrent_backward,
                         .dh_above = scratch_,
                         .gates = gates,
                         .c_first = states_.c(state_in, l),
                         .c = tapes_.c(tape, l),
                         .c_last = states_.c(state_out, l),
                         .dh = states_.h(state_gradient, l),
                         .dc = states_.c(state_gradient, l)});
  backend_.LstmWeightGradient({.k = n,
                               .B = B,
                               .H = H,
                               .h_first = states_.h(state_in, l),
                               .h = tapes_.h(tape, l),
                               .dgates = gates,
                               .dw = layer.recurrent_gradient});
  if (l == 0) {
    table_.AddGradients(n * B, inputs_ + shape_.first_step(link) * B, gates);
    return;
  }
  // The input is made again from the layer below, then gives way to its own gradient.
  GatherOutputs(l - 1, link, state_out, tape);
  backend_.LinearWeightGradient(n * B, H, 4 * H, scratch_, gates, layer.input_gradient, layer.bias_gradient);
  backend_.LinearInputGradient(n * B, H, 4 * H, gates, layer.input_backward, scratch_);
  MaskLink(l - 1, link);
}

void LanguageModel::GatherOutputs(int64_t layer, int64_t link, const std::byte* state_out, std::byte* tape) {
  const int64_t before_last = shape_.steps(link) - 1;
  const int64_t step_floats = shape_.batch * config_.hidden;
  const int64_t first = shape_.first_step(link);
  Mask(layer, first, before_last, tapes_.h(tape, layer), scratch_);
  Mask(layer, first + before_last, 1, states_.h(state_out, layer), scratch_ + before_last * step_floats);
}

void LanguageModel::MaskLink(int64_t layer, int64_t link) {
  Mask(layer, shape_.first_step(link), shape_.steps(link), scratch_, scratch_);
}

void LanguageModel::Mask(int64_t layer, int64_t first_step, int64_t n, const float* x, float* y) {
  if (n == 0) return;
  const int64_t step_floats = shape_.batch * config_.hidden;
  if (dropout_ == 0.0f) {
    if (x != y) backend_.Copy(x, FloatBytes(n * step_floats), y);
    return;
  }
  // A step's elements begin at a multiple of four in the mask; where that leaves no holes, one call does all steps.
  const int64_t stride = (step_floats + 3) / 4 * 4;
  const int64_t steps_per_call = stride == step_floats ? n : 1;
  for (int64_t step = 0; step < n; step += steps_per_call) {
    const DropoutMask mask{.rate = dropout_,
                           .seed = dropout_seed_,
                           .stream = dropout_step_ * kMasksPerStep + static_cast<uint64_t>(layer),
                           .offset = static_cast<uint64_t>((first_step + step) * stride)};
    backend_.Dropout(steps_per_call * step_floats, mask, x + step * step_floats, y + step * step_floats);
  }
}

void LanguageModel::AddLoss(int64_t link, const std::byte* state_out, std::byte* tape) {
  GatherOutputs(config_.layers - 1, link, state_out, tape);
  head_.AddLoss(shape_.steps(link) * shape_.batch, scratch_, targets_ + shape_.first_step(link) * shape_.batch, loss_);
}

const float* LanguageModel::Logits(const std::byte* state) {
  return head_.Logits(shape_.batch, states_.h(state, config_.layers - 1));
}

}  // namespace recurve
