// SPDX-License-Identifier: Apache-2.0
#include "executor/model/output_head.h"

#include <algorithm>

namespace recurve {
OutputHead::OutputHead(const Shape& shape, Backend& backend)
    : shape_(shape), backend_(&backend), chunk_rows_(std::min(backend.ChunkRows(), shape.max_rows)) {}

void OutputHead::Place(const Weights& weights, Region& weights_region, Region& workspace) {
  weights_ = weights;
  packed_forward_ = weights_region.Bytes(backend_->PackedBytes(Packing::kForward, shape_.hidden, shape_.vocabulary));
  logits_ = workspace.Floats(chunk_rows_ * shape_.vocabulary);
}

void OutputHead::PlaceGradients(const Gradients& gradients, Region& weights_region) {
  gradients_ = gradients;
  packed_backward_ = weights_region.Bytes(backend_->PackedBytes(Packing::kBackward, shape_.hidden, shape_.vocabulary));
}

void OutputHead::Pack() {
  backend_->Pack(Packing::kForward, weights_.weight, shape_.hidden, shape_.vocabulary, packed_forward_);
  if (packed_backward_ != nullptr) {
    backend_->Pack(Packing::kBackward, weights_.weight, shape_.hidden, shape_.vocabulary, packed_backward_);
  }
}

void OutputHead::Backward(int64_t n, float* x, const int32_t* targets, float gradient_scale, double* loss) {
  const int64_t H = shape_.hidden;
  const int64_t V = shape_.vocabulary;
  for (int64_t row = 0; row < n; row += chunk_rows_) {
    const int64_t rows = std::min(chunk_rows_, n - row);
    float* chunk = x + row * H;
    backend_->LinearForward(rows, H, V, chunk, packed_forward_, weights_.bias, logits_, V);
    backend_->SoftmaxCrossEntropy(rows, V, targets + row, gradient_scale, logits_, loss);
    backend_->LinearWeightGradient(rows, H, V, chunk, logits_, V, gradients_.weight, gradients_.bias);
    backend_->LinearInputGradient(rows, H, V, logits_, V, packed_backward_, chunk);
  }
}

void OutputHead::AddLoss(int64_t n, const float* x, const int32_t* targets, double* loss) {
  for (int64_t row = 0; row < n; row += chunk_rows_) {
    const int64_t rows = std::min(chunk_rows_, n - row);
    Logits(rows, x + row * shape_.hidden);
    backend_->SoftmaxCrossEntropy(rows, shape_.vocabulary, targets + row, 0.0f, logits_, loss);
  }
}

const float* OutputHead::Logits(int64_t n, const float* x) {
  backend_->LinearForward(n, shape_.hidden, shape_.vocabulary, x, packed_forward_, weights_.bias, logits_,
                          shape_.vocabulary);
  return logits_;
}

}  // namespace recurve
