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

// Batches of B lines of about the same length. In each pass every line comes once, in an order drawn from seed and
// pass: lines are drawn into pools of kPoolBatches batches, sorted by length within the pool, cut into batches, and the
// batches are shuffled. The last batch of a pass may have fewer lines: the sequences that are missing have length 0.
// Holds what Lines does, and 16 bytes for each line of a pool.
class LineBatches final : public TextBatches {
 public:
  static constexpr int64_t kPoolBatches = 64;

  // INVALID_ARGUMENT when the text has no line that is not empty or no line ends but carriage returns, or batch or
  // length is not positive; what Lines::Find returns.
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
  int64_t pool_epoch_ = -1, pool_number_ = -1;  // of what pool_ holds
  std::vector<TextSpan> pool_;                  // sorted by length
  std::vector<int64_t> order_;                  // of the pool's batches
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_LINE_BATCHES_H_
