// SPDX-License-Identifier: Apache-2.0
#include "executor/model/token_table.h"

#include <algorithm>

namespace recurve {

void TokenTable::Place(const Weights& weights, Region& region) {
  weights_ = weights;
  rows_ = region.Floats(shape_.vocabulary * shape_.width);
  packed_ = region.Bytes(std::max(backend_->PackedBytes(Packing::kForward, shape_.embedding, shape_.width),
                                  backend_->PackedBytes(Packing::kBackward, shape_.embedding, shape_.width)));
}

void TokenTable::PlaceGradients(const Gradients& gradients, Region& region) {
  gradients_ = gradients;
  rows_gradient_ = region.Floats(shape_.vocabulary * shape_.width);
}

void TokenTable::Fold() {
  backend_->Pack(Packing::kForward, weights_.input_weight, shape_.embedding, shape_.width, packed_);
  backend_->LinearForward(shape_.vocabulary, shape_.embedding, shape_.width, weights_.embedding, packed_, weights_.bias,
                          rows_, shape_.width);
}

void TokenTable::ZeroGradients() { backend_->Zero(rows_gradient_, RowsBytes()); }

void TokenTable::AddGradients(int64_t n, const int32_t* tokens, const float* dgates, int64_t stride) {
  backend_->ScatterAddRows(n, shape_.width, shape_.vocabulary, tokens, dgates, stride, rows_gradient_);
}

void TokenTable::UnfoldGradients() {
  backend_->LinearWeightGradient(shape_.vocabulary, shape_.embedding, shape_.width, weights_.embedding, rows_gradient_,
                                 shape_.width, gradients_.input_weight, gradients_.bias);
  backend_->Pack(Packing::kBackward, weights_.input_weight, shape_.embedding, shape_.width, packed_);
  backend_->LinearInputGradient(shape_.vocabulary, shape_.embedding, shape_.width, rows_gradient_, shape_.width,
                                packed_, gradients_.embedding);
}

}  // namespace recurve
