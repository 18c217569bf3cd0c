// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_MODEL_MODEL_CONFIG_H_
#define RECURVE_PLANNER_SERVICE_MODEL_MODEL_CONFIG_H_

#include <cstdint>

#include "planner_service/fields/field.h"
#include "planner_service/model/cell.h"

namespace recurve {

inline constexpr int64_t kMaxLayers = 64;
inline constexpr int64_t kMaxWidth = 16384;  // of a layer, of an embedding
inline constexpr int64_t kMaxBatch = 65536;
inline constexpr int64_t kByteValues = 256;

// A stack of recurrent layers between an embedding and an output layer.
struct ModelConfig {
  int64_t vocabulary = kByteValues;
  Cell cell = Cell::kLstm;
  int64_t layers = 1;
  int64_t hidden = 256;
  int64_t embedding = 0;         // 0: as `hidden`
  bool residual = false;         // layers above the first add their input to their output
  bool layer_norm = false;       // before each layer above the first, and before the output layer
  double dropout = 0;            // between layers and before the output layer
  double recurrent_dropout = 0;  // of h in the recurrent product, one mask for the whole sequence

  int64_t embedding_size() const { return embedding == 0 ? hidden : embedding; }
  friend bool operator==(const ModelConfig&, const ModelConfig&) = default;
};

// All but the vocabulary, which the data decides.
void VisitFields(ModelConfig& model, FieldVisitor& visitor);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_MODEL_MODEL_CONFIG_H_
