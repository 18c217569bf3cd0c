// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_EXECUTOR_BACKEND_LAYER_TENSORS_H_
#define RECURVE_TESTS_EXECUTOR_BACKEND_LAYER_TENSORS_H_

#include <cmath>
#include <cstdint>
#include <vector>

#include "tests/executor/backend/backend_conformance.h"
#include "tests/executor/backend/reference.h"

namespace recurve {

// A layer's tensors on a backend, and the operations' arguments for them.
struct LayerTensors {
  static constexpr int64_t kFirstStep = 40;  // of the link, in the sequence
  using Tensor = DeviceTensor<float>;

  LayerTensors(Backend& to, const reference::Layer& m)
      : backend(to),
        layer(m),
        geometry(GeometryOf(m.cell)),
        width(geometry.row() * m.H),
        input(to, Widened()),
        gates(Unwritten(m.k * m.B * width)),
        recurrent(to, Floats(m.recurrent)),
        forward(Packed(Packing::kForward)),
        backward(Packed(Packing::kBackward)),
        bias(to, Floats(m.recurrent_bias)),
        mask(to, Floats(m.recurrent_mask)),
        masked(Unwritten(m.k * m.B * m.H)),
        direct(Unwritten(m.B * m.H)),
        lengths(to, EndsInSequence()) {
    for (int s = 0; s < geometry.states; ++s) {
      first.emplace_back(to, Floats(m.first[s]));
      inner.push_back(Unwritten((m.k - 1) * m.B * m.H));
      last.push_back(Unwritten(m.B * m.H));
    }
  }

  static std::vector<float> Floats(const reference::Values& values) { return {values.begin(), values.end()}; }
  Tensor Unwritten(int64_t n) const { return {backend, std::vector<float>(n, std::nanf(""))}; }
  Tensor Packed(Packing packing) {
    const int64_t bytes = backend.PackedRecurrentBytes(layer.cell, packing, layer.H);
    EXPECT_EQ(bytes % kAlignment, 0);
    Tensor packed = Unwritten(bytes / static_cast<int64_t>(sizeof(float)));
    backend.PackRecurrent(layer.cell, packing, recurrent.data(), layer.H, packed.data());
    return packed;
  }
  // The input in rows of W H, with NaNs behind each.
  std::vector<float> Widened() const {
    const int64_t GH = geometry.gates * layer.H;
    std::vector<float> rows;
    for (int64_t row = 0; row < layer.k * layer.B; ++row) {
      rows.insert(rows.end(), layer.input.begin() + row * GH, layer.input.begin() + (row + 1) * GH);
      rows.resize((row + 1) * width, std::nanf(""));
    }
    return rows;
  }

  std::vector<int32_t> EndsInSequence() const {
    std::vector<int32_t> ends = layer.lengths;
    for (int32_t& end : ends) end += kFirstStep;
    return ends;
  }
  SequenceLengths Lengths() {
    return {.lengths = layer.lengths.empty() ? nullptr : lengths.data(), .first_step = kFirstStep};
  }
  const float* Mask() { return layer.recurrent_mask.empty() ? nullptr : mask.data(); }

  CellForwardArgs Forward() {
    CellForwardArgs args{.cell = layer.cell,
                         .k = layer.k,
                         .B = layer.B,
                         .H = layer.H,
                         .input = {.projected = input.data()},
                         .recurrent = forward.data(),
                         .recurrent_bias = geometry.recurrent_bias ? bias.data() : nullptr,
                         .gates = geometry.tape > 0 ? gates.data() : nullptr,
                         .recurrent_mask = Mask(),
                         .masked = masked.data(),
                         .lengths = Lengths()};
    for (int s = 0; s < geometry.states; ++s) {
      args.first[s] = first[s].data();
      args.inner[s] = inner[s].data();
      args.last[s] = last[s].data();
    }
    return args;
  }

  // d holds gradients of the last state, those of the first afterwards.
  CellBackwardArgs Backward(std::vector<Tensor>& d) {
    CellBackwardArgs args{.cell = layer.cell,
                          .k = layer.k,
                          .B = layer.B,
                          .H = layer.H,
                          .recurrent = backward.data(),
                          .gates = gates.data(),
                          .recurrent_mask = Mask(),
                          .direct = direct.data(),
                          .lengths = Lengths()};
    for (int s = 0; s < geometry.states; ++s) {
      args.first[s] = first[s].data();
      args.inner[s] = inner[s].data();
      args.last[s] = last[s].data();
      args.d[s] = d[s].data();
    }
    return args;
  }

  // After a backward.
  CellWeightGradientArgs WeightGradient(Tensor& dw, Tensor& dbias) {
    return {.cell = layer.cell,
            .k = layer.k,
            .B = layer.B,
            .H = layer.H,
            .h_first = first[0].data(),
            .h = inner[0].data(),
            .gates = gates.data(),
            .dw = dw.data(),
            .dbias = geometry.recurrent_bias ? dbias.data() : nullptr,
            .recurrent_mask = Mask(),
            .masked = masked.data()};
  }

  // States after each step, tensor by tensor.
  std::vector<std::vector<float>> States() {
    std::vector<std::vector<float>> states;
    for (int s = 0; s < geometry.states; ++s) {
      states.push_back(inner[s].Values());
      const std::vector<float> at_end = last[s].Values();
      states.back().insert(states.back().end(), at_end.begin(), at_end.end());
    }
    return states;
  }

  // Blocks [first_block, first_block + G) of the gate buffer's rows.
  std::vector<float> GateBlocks(int first_block) {
    const std::vector<float> rows = gates.Values();
    std::vector<float> blocks;
    for (int64_t row = 0; row < layer.k * layer.B; ++row) {
      const auto begin = rows.begin() + row * width + first_block * layer.H;
      blocks.insert(blocks.end(), begin, begin + geometry.gates * layer.H);
    }
    return blocks;
  }

  Backend& backend;
  const reference::Layer& layer;
  const CellGeometry geometry;
  const int64_t width;  // W H
  Tensor input, gates, recurrent, forward, backward, bias, mask, masked, direct;
  DeviceTensor<int32_t> lengths;
  std::vector<Tensor> first, inner, last;
};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_BACKEND_LAYER_TENSORS_H_
