// SPDX-License-Identifier: Apache-2.0
//
// What training holds in memory on the CPU, computed from sizes alone: no model is built. The executor lays out what
// this counts; its tests compare the two to the byte.
#ifndef RECURVE_PLANNER_SERVICE_MODEL_TRAINING_BYTES_H_
#define RECURVE_PLANNER_SERVICE_MODEL_TRAINING_BYTES_H_

#include <cstdint>

#include "absl/status/status.h"
#include "planner_service/model/memory_ledger.h"
#include "planner_service/model/model_config.h"
#include "planner_service/model/optimizer_spec.h"
#include "planner_service/model/sequence_shape.h"

namespace recurve {

// Bytes of a state and of a full link's tape.
struct LinkBytes {
  int64_t state = 0;  // s
  int64_t tape = 0;   // a
  friend bool operator==(const LinkBytes&, const LinkBytes&) = default;
};
LinkBytes LinkBytesOf(const ModelConfig& model, const SequenceShape& shape);

// INVALID_ARGUMENT when the bytes of a model's activations overflow what is planned for (kMaxBytes).
absl::Status CheckCountable(const ModelConfig& model, int64_t length, int64_t batch);

// Floats in a vector of the CPU's widest instruction set that the executor has kernels for: 4, 8 or 16. Packed weights
// are padded to whole vectors.
int64_t VectorFloats();

// All that training holds apart from the store, by kind (executor/engine/trainer.h, FixedLedger), but for what the
// process holds of the data. `carry_state`: a batch starts from the last state of the one before.
Ledger FixedCpuBytes(const ModelConfig& model, const SequenceShape& shape, OptimizerKind optimizer, bool carry_state,
                     int64_t vector_floats);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_MODEL_TRAINING_BYTES_H_
