// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_TEXT_BATCHES_H_
#define RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_TEXT_BATCHES_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/data/input_file.h"
#include "executor/task/language_model/token_batch.h"

namespace recurve {

inline constexpr int32_t kNoTarget = -1;  // of a step that predicts nothing

// Where a batch is written, and how many of its rows: at least TextBatches::StepsOf. Targets beyond the end of a
// sequence are kNoTarget; lengths are not written where all sequences are of one length.
struct TokenRows {
  int64_t steps;
  TokenBatch tokens;
};

// The batches of a text, numbered 0, 1, ... without end. The same number is always the same batch, as long as the file
// stays as it is. Not thread-safe.
//
// Every method that may read the file returns CANCELLED when `stop` says so, and DATA_LOSS when the file has become
// shorter or its lines are no longer where they were.
class TextBatches {
 public:
  virtual ~TextBatches() = default;

  // Whether no state may be carried into batch `index` from the one before.
  virtual bool StartsAfresh(int64_t index) const = 0;
  // Steps of the longest sequence of batch `index`, at least 1.
  virtual absl::StatusOr<int64_t> StepsOf(int64_t index, const StopCheck& stop) = 0;
  virtual absl::Status Fill(int64_t index, const TokenRows& batch, const StopCheck& stop) = 0;
  // Memory that finding the batches takes as long as the source lives, such as an index of lines, beside some bytes for
  // each sequence of a batch. In bytes, at most.
  virtual int64_t HeldBytes() const { return 0; }
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_TEXT_BATCHES_H_
