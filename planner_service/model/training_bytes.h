// SPDX-License-Identifier: Apache-2.0
//
// The memory that training needs on the CPU, computed from sizes alone, without building a model. The executor's tests
// compare it with what the executor allocates, to the byte.
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

// INVALID_ARGUMENT when the bytes of a model's activations exceed kMaxBytes.
absl::Status CheckCountable(const ModelConfig& model, int64_t length, int64_t batch);

// Floats per vector of the widest instruction set of this CPU for which the executor has kernels: 4, 8 or 16. Packed
// weights are padded to whole vectors.
int64_t VectorFloats();

// All memory of training except the store, by kind (executor/engine/trainer.h, FixedLedger), without the index of the
// data. `carry_state`: a batch starts from the last state of the previous one.
Ledger FixedCpuBytes(const ModelConfig& model, const SequenceShape& shape, OptimizerKind optimizer, bool carry_state,
                     int64_t vector_floats);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_MODEL_TRAINING_BYTES_H_
