// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_BENCHMARKS_CPU_LSTM_TRAINING_H_
#define RECURVE_BENCHMARKS_CPU_LSTM_TRAINING_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "executor/backend/backend.h"

namespace recurve {

// Letters as in executor/backend/backend.h; I is the size of the input.
struct LstmShape {
  int64_t B, H, I, T;
  int64_t k;  // steps in a link; the last link has what remains
};

// Seconds of one forward and backward pass of one layer with its whole tape kept, and of its parts.
struct LstmSeconds {
  double total = 0;
  double pack = 0;
  double input_projection = 0;
  double forward = 0;
  double backward = 0;
  double recurrent_weight_gradient = 0;
  double input_weight_gradient = 0;
};

// Floating-point operations of the products of one pass: forward 2, backward 3 products of [B T, H] by [H, 4H] where I
// = H.
double LstmFlops(const LstmShape& shape);

// One layer, its input and its whole tape in the backend's memory: what torch.nn.LSTM does for an input that needs no
// gradient. Values are random; each Run does the same work.
class LstmTraining {
 public:
  LstmTraining(Backend& backend, const LstmShape& shape);

  LstmSeconds Run();

 private:
  float* Random(int64_t count, float scale);
  float* Uninitialised(int64_t bytes);
  void Forward(int64_t t, int64_t k, LstmSeconds* seconds);
  void BackwardLink(int64_t t, int64_t k, LstmSeconds* seconds);

  Backend& backend_;
  const LstmShape shape_;
  std::vector<std::unique_ptr<DeviceMemory>> memory_;
  float* x_;            // [T, B, I]
  float* dy_;           // [T, B, H]
  float* w_input_;      // [I, 4H]
  float* w_recurrent_;  // [H, 4H]
  float* bias_;         // [4H]
  float* dw_input_;
  float* dw_recurrent_;
  float* dbias_;
  float* packed_input_;
  float* packed_forward_;
  float* packed_backward_;
  float* gates_;  // [T, B, 4H]
  float* h_;      // [T+1, B, H]
  float* c_;      // [T+1, B, H]
  float* dh_;     // [B, H]
  float* dc_;     // [B, H]
};

// Operations per second of a product with a packed matrix, [n, depth] by [depth, width], and nothing else: the best of
// several.
double PackedProductPeak(Backend& backend, int64_t n, int64_t depth, int64_t width);

}  // namespace recurve

#endif  // RECURVE_BENCHMARKS_CPU_LSTM_TRAINING_H_
