// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_TEXT_BATCHES_H_
#define RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_TEXT_BATCHES_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/data/input_file.h"
#include "executor/task/language_model/token_batch.h"

namespace recurve {

inline constexpr int32_t kNoTarget = -1;  // target of a step without a prediction

// The destination of a batch and its number of steps, at least TextBatches::StepsOf. Targets beyond the end of a
// sequence are kNoTarget; lengths are not written if all sequences have the same length.
struct TokenRows {
  int64_t steps;
  TokenBatch tokens;
};

// An infinite sequence of batches of a text, numbered from 0. A number always yields the same batch, as long as the
// file does not change. Not thread-safe.
//
// Every method that may read the file returns CANCELLED if `stop` returns true, and DATA_LOSS if the file has been
// truncated or its lines have moved.
class TextBatches {
 public:
  virtual ~TextBatches() = default;

  // Whether batch `index` must not continue from the state of the previous batch.
  virtual bool StartsAfresh(int64_t index) const = 0;
  // Steps of the longest sequence of batch `index`, at least 1.
  virtual absl::StatusOr<int64_t> StepsOf(int64_t index, const StopCheck& stop) = 0;
  virtual absl::Status Fill(int64_t index, const TokenRows& batch, const StopCheck& stop) = 0;
  // An upper bound in bytes for the memory held to find batches, such as an index of lines, apart from some bytes per
  // sequence of a batch.
  virtual int64_t HeldBytes() const { return 0; }
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_TEXT_BATCHES_H_
