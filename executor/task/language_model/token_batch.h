// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_TOKEN_BATCH_H_
#define RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_TOKEN_BATCH_H_

#include <cstdint>

#include "executor/model/region.h"
#include "planner_service/model/sequence_shape.h"

namespace recurve {

// A batch of B sequences for the language model, time-major.
struct TokenBatch {
  int32_t* inputs;   // [T, B]
  int32_t* targets;  // [T, B]; negative: not counted
  int32_t* lengths;  // [B], 0..T; null if the shape is not ragged
};

// The parts of a batch within its block.
inline TokenBatch LayOutBatch(const SequenceShape& shape, Region& region) {
  const auto integers = [&region](int64_t n) {
    return reinterpret_cast<int32_t*>(region.Bytes(n * static_cast<int64_t>(sizeof(int32_t))));
  };
  const int64_t tokens = shape.length * shape.batch;
  int32_t* const inputs = integers(tokens);
  int32_t* const targets = integers(tokens);
  return {.inputs = inputs, .targets = targets, .lengths = shape.ragged ? integers(shape.batch) : nullptr};
}

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_TOKEN_BATCH_H_
