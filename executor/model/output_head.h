// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_MODEL_OUTPUT_HEAD_H_
#define RECURVE_EXECUTOR_MODEL_OUTPUT_HEAD_H_

#include <cstdint>

#include "executor/backend/backend.h"
#include "executor/model/region.h"

namespace recurve {

// The output layer and softmax cross-entropy, computed in chunks of rows: logits exist only for one chunk at a time.
// Not thread-safe.
class OutputHead {
 public:
  struct Shape {
    int64_t hidden, vocabulary;  // H, V
    int64_t max_rows;            // most rows per call
  };
  struct Weights {
    const float* weight;  // [H, V]
    const float* bias;    // [V]
  };
  struct Gradients {
    float* weight;
    float* bias;
  };

  OutputHead(const Shape& shape, Backend& backend);

  void Place(const Weights& weights, Region& weights_region, Region& workspace);
  void PlaceGradients(const Gradients& gradients, Region& weights_region);  // after Place; only for training

  void Pack();  // called after the weights change
  // x [n, H], in: the head's input; out: its gradient. Adds to the gradients of the weights and to *loss, in nats.
  void Backward(int64_t n, float* x, const int32_t* targets, float gradient_scale, double* loss);
  void AddLoss(int64_t n, const float* x, const int32_t* targets, double* loss);
  // Logits [n, V] of x [n, H], n at most chunk_rows(); valid until the next call.
  const float* Logits(int64_t n, const float* x);

  int64_t chunk_rows() const { return chunk_rows_; }

 private:
  Shape shape_;
  Backend* backend_;
  int64_t chunk_rows_;
  Weights weights_{};
  Gradients gradients_{};
  std::byte* packed_forward_ = nullptr;
  std::byte* packed_backward_ = nullptr;  // null if not training
  float* logits_ = nullptr;               // [chunk_rows, V]
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_MODEL_OUTPUT_HEAD_H_
