// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DATA_LINE_BATCHES_H_
#define RECURVE_EXECUTOR_DATA_LINE_BATCHES_H_

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "executor/data/batch_source.h"

namespace recurve {

// A line as a sequence: it reads a newline and then its bytes, and predicts its bytes and then a newline. So each byte
// is predicted, the end is, and a sequence has one step more than the line has bytes.
inline constexpr uint8_t kLineEnd = '\n';

// Lines of a text that are not empty, in its order. The end of the text ends a line too. Bytes other than '\n' mean
// nothing. Holds 8 bytes for each line; the text, which must outlive it, is read where it lies.
class Lines {
 public:
  explicit Lines(std::span<const uint8_t> text);

  int64_t count() const { return static_cast<int64_t>(begins_.size()); }
  int64_t empty() const { return empty_; }  // lines left out
  // The bytes of line `i`, its end left out; at most `most` of them.
  std::span<const uint8_t> Line(int64_t i, int64_t most) const;

 private:
  std::span<const uint8_t> text_;
  std::vector<int64_t> begins_;
  int64_t empty_ = 0;
};

// Number of sequences of each length in steps, once cut.
using LengthCounts = std::map<int64_t, int64_t>;

// Batches of B lines of about the same length. In each pass every line comes once, in an order drawn from seed and
// pass: lines are drawn into pools of kPoolBatches batches, sorted by length within the pool, cut into batches, and the
// batches are shuffled. The last batch of a pass may have fewer lines: the sequences that are missing have length 0. A
// line of more than `length` steps is cut: the first `length` steps are kept, and its end is not predicted.
class LineBatches final : public BatchSource {
 public:
  static constexpr int64_t kPoolBatches = 64;

  // INVALID_ARGUMENT when the text has no line that is not empty, or batch or length is not positive.
  static absl::StatusOr<LineBatches> Create(std::span<const uint8_t> text, int64_t batch, int64_t length,
                                            uint64_t seed);

  int64_t batches_per_epoch() const { return (lines_.count() + batch_ - 1) / batch_; }
  const Lines& lines() const { return lines_; }
  const LengthCounts& lengths() const { return lengths_; }
  int64_t longest() const { return lengths_.rbegin()->first; }
  int64_t cut() const { return cut_; }  // lines that are longer than what is kept of them

  bool StartsAfresh(int64_t /*index*/) const override { return true; }
  int64_t StepsOf(int64_t index) override;
  void Fill(int64_t index, const HostBatch& batch) override;

 private:
  struct Sequence {
    int64_t line;
    int64_t steps;
  };

  LineBatches(Lines lines, int64_t batch, int64_t length, uint64_t seed);

  Sequence SequenceOf(int64_t line) const;
  // The sequences of batch `index`, the longest last; fills pool_ if it holds another pool.
  std::span<const Sequence> Take(int64_t index);
  void DrawPool(int64_t epoch, int64_t pool);

  Lines lines_;
  int64_t batch_, length_;
  uint64_t seed_;
  LengthCounts lengths_;
  int64_t cut_ = 0;
  int64_t pool_epoch_ = -1, pool_number_ = -1;  // of what pool_ holds
  std::vector<Sequence> pool_;                  // sorted by length
  std::vector<int64_t> order_;                  // of the pool's batches
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DATA_LINE_BATCHES_H_
