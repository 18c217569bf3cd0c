// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/gpu/recurrent_layer.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr int64_t kFloat = sizeof(float);
constexpr int64_t kRandomFloats = 1 << 20;  // longer tensors repeat these

}  // namespace

RecurrentLayer::RecurrentLayer(const LayerShape& shape, Backend& backend)
    : shape_(shape), geometry_(GeometryOf(shape.cell)), backend_(backend) {
  state_floats_ = shape.batch * shape.hidden;
  weight_floats_ = shape.hidden * geometry_.gates * shape.hidden;
}

absl::StatusOr<std::unique_ptr<RecurrentLayer>> RecurrentLayer::Create(const LayerShape& shape, Backend& backend) {
  std::unique_ptr<RecurrentLayer> layer(new RecurrentLayer(shape, backend));
  ASSIGN_OR_RETURN(layer->memory_, backend.Allocate(layer->Place(nullptr)));
  layer->Place(layer->memory_->data());
  layer->Fill();
  RETURN_IF_ERROR(backend.Synchronize());
  return layer;
}

int64_t RecurrentLayer::Place(std::byte* base) {
  int64_t used = 0;
  const auto bytes = [&](int64_t size) {
    std::byte* here = base == nullptr ? nullptr : base + used;
    used += AlignUp(size);
    return here;
  };
  const auto floats = [&](int64_t n) { return reinterpret_cast<float*>(bytes(n * kFloat)); };
  gates_ = floats(shape_.link * state_floats_ * geometry_.row());
  dh_above_ = floats(shape_.link * state_floats_);
  weights_ = floats(weight_floats_);
  weight_gradient_ = floats(weight_floats_);
  bias_ = floats(geometry_.gates * shape_.hidden);
  bias_gradient_ = floats(geometry_.gates * shape_.hidden);
  for (int s = 0; s < geometry_.states; ++s) {
    first_[s] = floats(state_floats_);
    inner_[s] = floats((shape_.link - 1) * state_floats_);
    last_[s] = floats(state_floats_);
    d_[s] = floats(state_floats_);
  }
  packed_forward_ = bytes(backend_.PackedRecurrentBytes(shape_.cell, Packing::kForward, shape_.hidden));
  packed_backward_ = bytes(backend_.PackedRecurrentBytes(shape_.cell, Packing::kBackward, shape_.hidden));
  return used;
}

void RecurrentLayer::Fill() {
  backend_.Zero(memory_->data(), memory_->size());
  FillUniform(gates_, shape_.link * state_floats_ * geometry_.row(), 1);
  FillUniform(dh_above_, shape_.link * state_floats_, 1);
  const float bound = 1 / std::sqrt(static_cast<float>(shape_.hidden));
  FillUniform(weights_, weight_floats_, bound);
  FillUniform(bias_, geometry_.gates * shape_.hidden, bound);
  for (int s = 0; s < geometry_.states; ++s) FillUniform(first_[s], state_floats_, 0.5f);
  backend_.PackRecurrent(shape_.cell, Packing::kForward, weights_, shape_.hidden, packed_forward_);
  backend_.PackRecurrent(shape_.cell, Packing::kBackward, weights_, shape_.hidden, packed_backward_);
}

void RecurrentLayer::FillUniform(float* data, int64_t n, float bound) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-bound, bound);
  std::vector<float> values(std::min(n, kRandomFloats));
  for (float& value : values) value = uniform(random);
  for (int64_t done = 0; done < n; done += kRandomFloats) {
    backend_.Upload(values.data(), std::min(n - done, kRandomFloats) * kFloat, data + done);
  }
}

void RecurrentLayer::TapedForward() { Forward(geometry_.tape > 0 ? gates_ : nullptr); }

void RecurrentLayer::Forward() { Forward(geometry_.two_products ? gates_ : nullptr); }

void RecurrentLayer::Forward(float* gates) {
  CellForwardArgs args{.cell = shape_.cell,
                       .k = shape_.link,
                       .B = shape_.batch,
                       .H = shape_.hidden,
                       .input = {.projected = gates_},
                       .recurrent = packed_forward_,
                       .recurrent_bias = geometry_.recurrent_bias ? bias_ : nullptr,
                       .gates = gates};
  std::copy_n(first_, kMaxCellStates, args.first);
  std::copy_n(inner_, kMaxCellStates, args.inner);
  std::copy_n(last_, kMaxCellStates, args.last);
  backend_.CellForward(args);
}

void RecurrentLayer::Backward() {
  CellBackwardArgs args{.cell = shape_.cell,
                        .k = shape_.link,
                        .B = shape_.batch,
                        .H = shape_.hidden,
                        .recurrent = packed_backward_,
                        .dh_above = dh_above_,
                        .gates = gates_};
  std::copy_n(first_, kMaxCellStates, args.first);
  std::copy_n(inner_, kMaxCellStates, args.inner);
  std::copy_n(last_, kMaxCellStates, args.last);
  std::copy_n(d_, kMaxCellStates, args.d);
  backend_.CellBackward(args);
}

void RecurrentLayer::WeightGradient() {
  backend_.CellWeightGradient({.cell = shape_.cell,
                               .k = shape_.link,
                               .B = shape_.batch,
                               .H = shape_.hidden,
                               .h_first = first_[0],
                               .h = inner_[0],
                               .gates = gates_,
                               .dw = weight_gradient_,
                               .dbias = geometry_.recurrent_bias ? bias_gradient_ : nullptr});
}

}  // namespace recurve
