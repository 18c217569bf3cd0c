// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_BENCHMARKS_RNN_RECURRENT_MODEL_H_
#define RECURVE_BENCHMARKS_RNN_RECURRENT_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "executor/backend/backend.h"
#include "executor/model/link_layout.h"
#include "executor/model/link_model.h"
#include "executor/model/region.h"

namespace recurve {

struct RecurrentShape {
  SequenceShape sequence;
  int64_t layers = 1;  // L
  int64_t hidden = 1;  // H
  int64_t input = 1;   // I
};

// Stacked recurrent layers whose input x [T, B, I] and whose output's gradient dy [T, B, H] are given: what
// torch.nn.LSTM computes for an input that needs no gradient. Values are random; each sweep does the same work.
// Memory comes from the caller: construct, ask for sizes, then Bind. Not thread-safe; the backend must outlive it.
class RecurrentModel final : public LinkModel {
 public:
  // Memory by purpose. Regions without a block measure.
  struct Regions {
    Region parameters;
    Region packed;  // the forms that the kernels use
    Region gradients;
    Region batch;      // x and dy
    Region workspace;  // rows that go from layer to layer
  };

  RecurrentModel(const RecurrentShape& shape, Backend& backend);

  const Regions& needs() const { return needs_; }
  void Bind(Regions regions);  // and fills parameters and batch

  // Floating-point operations of the matrix products of one sweep that computes nothing twice.
  double Flops() const;

  void BeginSweep();  // packs the weights; gradients become zero

  // While `seconds` is set, the device is waited for after each operation and its seconds are added under its name.
  void TimeParts(std::map<std::string, double>* seconds) { part_seconds_ = seconds; }

  int64_t links() const override { return shape_.sequence.links(); }
  int64_t state_bytes() const override { return states_.bytes(); }
  int64_t tape_bytes() const override { return tapes_.bytes(); }
  void Forward(int64_t link, const std::byte* state_in, std::byte* state_out, std::byte* tape, bool keep_tape) override;
  void Backward(int64_t link, const std::byte* state_in, const std::byte* state_out, std::byte* tape,
                std::byte* state_gradient) override;

 private:
  struct Layer {
    int64_t inputs = 0;  // I, H above the first layer
    float *input_weight, *recurrent_weight, *bias;
    float *input_gradient, *recurrent_gradient, *bias_gradient;
    std::byte *input_forward, *recurrent_forward, *recurrent_backward;
    std::byte* input_backward = nullptr;  // null: the input needs no gradient
  };

  void Place(Regions& regions);
  template <typename Operation>
  void Part(const char* name, const Operation& operation);
  // The input of `layer` in the steps of `link`; above the first layer, gathered in scratch_.
  const float* Input(int64_t layer, int64_t link, const std::byte* state_out, std::byte* tape);
  void BackwardLayer(int64_t l, int64_t link, const std::byte* state_in, const std::byte* state_out, std::byte* tape,
                     std::byte* state_gradient);

  const RecurrentShape shape_;
  Backend& backend_;
  const StateLayout states_;
  const TapeLayout tapes_;
  std::vector<Layer> layers_;
  Regions needs_;
  float* x_ = nullptr;        // [T, B, I]
  float* dy_ = nullptr;       // [T, B, H]
  float* scratch_ = nullptr;  // [k, B, H]; null with one layer
  std::byte* gradients_ = nullptr;
  std::map<std::string, double>* part_seconds_ = nullptr;
};

}  // namespace recurve

#endif  // RECURVE_BENCHMARKS_RNN_RECURRENT_MODEL_H_
