// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_MODEL_TOKEN_TABLE_H_
#define RECURVE_EXECUTOR_MODEL_TOKEN_TABLE_H_

#include <cstdint>

#include "executor/backend/backend.h"
#include "executor/model/region.h"

namespace recurve {

// Embedding and input weights of the first layer folded into one table [V, GH] = embedding [V, E] * input_weight [E,
// GH] + bias, so that a step looks up a row instead of computing a product. Gradients accumulate in a table of the same
// shape, from which those of the three tensors are computed once per batch. Not thread-safe.
class TokenTable {
 public:
  struct Shape {
    int64_t vocabulary, embedding, width;  // V, E, G H
  };
  struct Weights {
    const float* embedding;
    const float* input_weight;
    const float* bias;
  };
  struct Gradients {
    float* embedding;
    float* input_weight;
    float* bias;
  };

  TokenTable(const Shape& shape, Backend& backend) : shape_(shape), backend_(&backend) {}

  void Place(const Weights& weights, Region& region);
  void PlaceGradients(const Gradients& gradients, Region& region);

  CellInput Input(const int32_t* tokens) const { return {.table = rows_, .tokens = tokens, .V = shape_.vocabulary}; }
  void Fold();           // called after the weights change
  void ZeroGradients();  // the table's
  // dgates [n, GH] in rows `stride` floats apart.
  void AddGradients(int64_t n, const int32_t* tokens, const float* dgates, int64_t stride);
  void UnfoldGradients();  // overwrites the embedding's gradient, adds to the other two

 private:
  int64_t RowsBytes() const { return shape_.vocabulary * shape_.width * static_cast<int64_t>(sizeof(float)); }

  Shape shape_;
  Backend* backend_;
  Weights weights_{};
  Gradients gradients_{};
  float* rows_ = nullptr;  // [V, GH]
  float* rows_gradient_ = nullptr;
  std::byte* packed_ = nullptr;  // input_weight, packed for one product at a time
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_MODEL_TOKEN_TABLE_H_
