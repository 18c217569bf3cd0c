// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_LINE_BATCHES_H_
#define RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_LINE_BATCHES_H_

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "executor/task/language_model/lines.h"
#include "executor/task/language_model/text_batches.h"

namespace recurve {

// Batches of B lines of similar length. Each epoch visits every line once, in an order determined by seed and epoch:
// lines are drawn into pools of kPoolBatches batches, sorted by length within the pool, split into batches, and the
// batches are shuffled. The last batch of an epoch may have fewer lines; its missing sequences have length 0. Uses the
// memory of Lines plus 16 bytes per line of a pool. Not thread-safe.
class LineBatches final : public TextBatches {
 public:
  static constexpr int64_t kPoolBatches = 64;

  // Errors: INVALID_ARGUMENT if the text has no non-empty line or only carriage returns as line ends, or if batch or
  // length is not positive; those of Lines::Find.
  static absl::StatusOr<LineBatches> Create(const Text& text, int64_t batch, int64_t length, uint64_t seed,
                                            const StopCheck& stop);

  int64_t batches_per_epoch() const { return (lines_.count() + batch_ - 1) / batch_; }
  const Lines& lines() const { return lines_; }

  bool StartsAfresh(int64_t /*index*/) const override { return true; }
  absl::StatusOr<int64_t> StepsOf(int64_t index, const StopCheck& stop) override;
  absl::Status Fill(int64_t index, const TokenRows& batch, const StopCheck& stop) override;
  int64_t HeldBytes() const override;

 private:
  LineBatches(Lines lines, int64_t batch, uint64_t seed) : lines_(std::move(lines)), batch_(batch), seed_(seed) {}

  // The sequences of batch `index`, the longest last; fills pool_ if it holds another pool.
  absl::StatusOr<std::span<const TextSpan>> Take(int64_t index, const StopCheck& stop);
  absl::Status DrawPool(int64_t epoch, int64_t pool, const StopCheck& stop);
  absl::Status FillPool(const std::vector<int64_t>& lines, const StopCheck& stop);

  Lines lines_;
  int64_t batch_;
  uint64_t seed_;
  int64_t pool_epoch_ = -1, pool_number_ = -1;  // identify the contents of pool_
  std::vector<TextSpan> pool_;                  // sorted by length
  std::vector<int64_t> order_;                  // of the pool's batches
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_LINE_BATCHES_H_
