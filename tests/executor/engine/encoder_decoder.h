// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_EXECUTOR_ENGINE_ENCODER_DECODER_H_
#define RECURVE_TESTS_EXECUTOR_ENGINE_ENCODER_DECODER_H_

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "executor/model/link_model.h"
#include "planner_service/model/alignment.h"
#include "planner_service/planning/chain.h"

namespace recurve {

// A sequence-to-sequence model small enough to be read at a glance, in fp64 on the host: an encoder of wide states, one
// link that maps its last state to a decoder's first one, and a decoder of narrow states with a squared error at each
// step. Links have any number of steps, so states and tapes come in many sizes; a link of one step has no tape.
//
// Whatever must not be read afterwards is filled with NaN: scratch, a tape that was used, and what a gradient's block
// holds beyond the gradient.
class EncoderDecoder final : public LinkModel {
 public:
  static constexpr int64_t kEncoderWidth = 25;
  static constexpr int64_t kDecoderWidth = 5;

  // Steps of each link of the encoder, and of the decoder.
  EncoderDecoder(const std::vector<int64_t>& encoder, const std::vector<int64_t>& decoder) {
    for (const int64_t steps : encoder) AddLink(kEncode, steps);
    AddLink(kBridge, 1);
    for (const int64_t steps : decoder) AddLink(kDecode, steps);
    parameters.resize(kParameters);
    for (int64_t i = 0; i < kParameters; ++i) parameters[i] = 0.3 * std::sin(1.7 * static_cast<double>(i * i % 1009));
    BeginBatch();
  }

  std::vector<double> parameters;
  std::vector<double> gradients;
  double loss = 0;  // of the links reversed so far

  void BeginBatch() {
    gradients.assign(kParameters, 0);
    loss = 0;
  }
  static std::vector<double> StartState() { return std::vector<double>(kEncoderWidth, 0.1); }

  // The loss, one step after the other, by none of what a sweep uses.
  double PlainLoss() const {
    std::vector<double> state = StartState();
    double sum = 0;
    for (const Link& link : links_) {
      for (int64_t step = link.first_step; step < link.first_step + link.steps; ++step) {
        const Layer& layer = kLayers[link.layer];
        std::vector<double> next(layer.rows);
        for (int64_t row = 0; row < layer.rows; ++row) {
          double sum_of_row = parameters[layer.input + row] * Input(step);
          for (int64_t col = 0; col < layer.cols; ++col) {
            sum_of_row += parameters[layer.weights + row * layer.cols + col] * state[col];
          }
          next[row] = std::tanh(sum_of_row);
        }
        state = next;
        if (link.layer == kDecode) sum += Error(step, state.data()) * Error(step, state.data()) / 2;
      }
    }
    return sum;
  }

  int64_t links() const override { return static_cast<int64_t>(links_.size()); }
  int64_t state_bytes(int64_t state) const override {
    return BytesOf(state == links() ? kDecoderWidth : kLayers[links_[state].layer].cols);
  }
  int64_t tape_bytes(int64_t link) const override {
    return BytesOf((links_[link].steps - 1) * kLayers[links_[link].layer].rows);
  }
  int64_t max_state_bytes() const override { return BytesOf(kEncoderWidth); }
  int64_t max_tape_bytes() const override {
    int64_t most = 0;
    for (int64_t link = 0; link < links(); ++link) most = std::max(most, tape_bytes(link));
    return most;
  }

  // What each link takes; a forward costs its multiplications.
  std::vector<ChainSegment> Segments() const {
    std::vector<ChainSegment> segments;
    for (int64_t link = 0; link < links(); ++link) {
      const Layer& layer = kLayers[links_[link].layer];
      const int64_t cost = links_[link].steps * layer.rows * layer.cols;
      segments.push_back({.state_bytes = state_bytes(link),
                          .tape_bytes = tape_bytes(link),
                          .forward_cost = cost,
                          .taped_forward_cost = cost,
                          .backward_cost = 2 * cost});
    }
    return segments;
  }

  void Forward(int64_t link, const std::byte* state_in, std::byte* state_out, std::byte* tape,
               bool keep_tape) override {
    for (int64_t step = 0; step < links_[link].steps; ++step) {
      const Layer& layer = kLayers[links_[link].layer];
      const double* in = StateBefore(link, step, state_in, tape);
      double* out = const_cast<double*>(StateBefore(link, step + 1, state_in, tape));
      if (step + 1 == links_[link].steps) out = reinterpret_cast<double*>(state_out);
      for (int64_t row = 0; row < layer.rows; ++row) {
        double sum = parameters[layer.input + row] * Input(links_[link].first_step + step);
        for (int64_t col = 0; col < layer.cols; ++col) {
          sum += parameters[layer.weights + row * layer.cols + col] * in[col];
        }
        out[row] = std::tanh(sum);
      }
    }
    if (!keep_tape) Spoil(tape, tape_bytes(link));
  }

  void Backward(int64_t link, const std::byte* state_in, const std::byte* state_out, std::byte* tape,
                std::byte* state_gradient) override {
    const auto* out = reinterpret_cast<const double*>(state_out);
    auto* gradient = reinterpret_cast<double*>(state_gradient);
    for (int64_t step = links_[link].steps - 1; step >= 0; --step) {
      const double* in = StateBefore(link, step, state_in, tape);
      BackwardStep(links_[link].layer, links_[link].first_step + step, in, out, gradient);
      out = in;
    }
    Spoil(tape, tape_bytes(link));
    const int64_t bytes = kLayers[links_[link].layer].cols * static_cast<int64_t>(sizeof(double));
    Spoil(state_gradient + bytes, max_state_bytes() - bytes);
  }

 private:
  enum LayerIndex { kEncode, kBridge, kDecode };
  // next = tanh(weights [rows, cols] state + input [rows] x); offsets into the parameters.
  struct Layer {
    int64_t rows, cols, weights, input;
  };
  struct Link {
    LayerIndex layer;
    int64_t first_step, steps;
  };

  static constexpr int64_t kE = kEncoderWidth;
  static constexpr int64_t kD = kDecoderWidth;
  static constexpr int64_t kBridgeOffset = kE * kE + kE;
  static constexpr int64_t kDecodeOffset = kBridgeOffset + kD * kE + kD;
  static constexpr int64_t kOutput = kDecodeOffset + kD * kD + kD;  // [kD], the weights of a prediction
  static constexpr int64_t kParameters = kOutput + kD;
  static constexpr Layer kLayers[] = {{kE, kE, 0, kE* kE},
                                      {kD, kE, kBridgeOffset, kBridgeOffset + kD* kE},
                                      {kD, kD, kDecodeOffset, kDecodeOffset + kD* kD}};

  static int64_t BytesOf(int64_t doubles) { return AlignUp(doubles * static_cast<int64_t>(sizeof(double))); }
  static double Input(int64_t step) { return std::cos(0.9 * static_cast<double>(step)); }
  static void Spoil(std::byte* block, int64_t bytes) { std::memset(block, 0xFF, bytes); }

  void AddLink(LayerIndex layer, int64_t steps) {
    const int64_t first = links_.empty() ? 0 : links_.back().first_step + links_.back().steps;
    links_.push_back({.layer = layer, .first_step = first, .steps = steps});
  }
  // Those inside a link are its tape.
  const double* StateBefore(int64_t link, int64_t step, const std::byte* state_in, const std::byte* tape) const {
    if (step == 0) return reinterpret_cast<const double*>(state_in);
    return reinterpret_cast<const double*>(tape) + (step - 1) * kLayers[links_[link].layer].rows;
  }
  double Error(int64_t step, const double* state) const {
    double prediction = 0;
    for (int64_t i = 0; i < kD; ++i) prediction += parameters[kOutput + i] * state[i];
    return prediction - std::sin(0.7 * static_cast<double>(step));
  }

  void BackwardStep(LayerIndex index, int64_t step, const double* in, const double* out, double* gradient) {
    const Layer& layer = kLayers[index];
    std::vector<double> sums(gradient, gradient + layer.rows);
    if (index == kDecode) {
      const double error = Error(step, out);
      loss += error * error / 2;
      for (int64_t i = 0; i < kD; ++i) {
        gradients[kOutput + i] += error * out[i];
        sums[i] += error * parameters[kOutput + i];
      }
    }
    for (int64_t row = 0; row < layer.rows; ++row) sums[row] *= 1 - out[row] * out[row];
    std::fill_n(gradient, layer.cols, 0.0);
    for (int64_t row = 0; row < layer.rows; ++row) {
      gradients[layer.input + row] += sums[row] * Input(step);
      for (int64_t col = 0; col < layer.cols; ++col) {
        gradients[layer.weights + row * layer.cols + col] += sums[row] * in[col];
        gradient[col] += sums[row] * parameters[layer.weights + row * layer.cols + col];
      }
    }
  }

  std::vector<Link> links_;
};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_ENGINE_ENCODER_DECODER_H_
