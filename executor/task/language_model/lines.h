// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_LINES_H_
#define RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_LINES_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "executor/task/language_model/text_corpus.h"

namespace recurve {

// Number of sequences of each length in steps, once cut.
using LengthCounts = std::map<int64_t, int64_t>;

// The lines of a text that are not empty, in its order. The end of the text ends a line too. Bytes other than kLineEnd
// mean nothing.
//
// A line as a sequence reads a newline and then its bytes, and predicts its bytes and then a newline. So each byte is
// predicted, the end is, and a sequence has one step more than the line has bytes. A line of more than `length` steps
// is cut: the first `length` steps are kept, and its end is not predicted.
//
// Of the text, only how many lines begin before each block is kept, at most 8 MiB; which block a line begins in is
// looked up, and where in it is read again. A value that refers to the file.
class Lines {
 public:
  // Reads the text once. CANCELLED when `stop` says so, DATA_LOSS when the file has become shorter.
  static absl::StatusOr<Lines> Find(const Text& text, int64_t length, const StopCheck& stop);

  const Text& text() const { return text_; }
  int64_t count() const { return count_; }
  int64_t empty() const { return empty_; }  // lines left out
  int64_t cut() const { return cut_; }      // lines that are longer than what is kept of them
  const LengthCounts& lengths() const { return lengths_; }
  int64_t longest() const { return lengths_.rbegin()->first; }  // steps; only where there are lines

  int64_t HeldBytes() const;  // in memory

  // INVALID_ARGUMENT when there is a single line because lines end in carriage returns alone.
  absl::Status CheckLineEnds() const;

  // Sequence of line `i` of `view`, which looks at text(). The fastest when `i` goes up from call to call. DATA_LOSS
  // when it is no longer in its block, or of a length that no line had.
  absl::StatusOr<TextSpan> Locate(int64_t i, TextView& view) const;

 private:
  Lines(const Text& text, int64_t length);
  void Scan(std::span<const uint8_t> bytes);
  void EndLine();
  absl::StatusOr<int64_t> BeginOf(int64_t i, TextView& view) const;
  absl::StatusOr<int64_t> StepsFrom(int64_t begin, TextView& view) const;
  absl::Status Moved(int64_t i) const;

  Text text_;
  int64_t length_;
  int64_t block_;                // bytes
  std::vector<int64_t> before_;  // lines that begin before each block
  LengthCounts lengths_;
  int64_t count_ = 0, empty_ = 0, cut_ = 0;
  int64_t line_bytes_ = 0;  // so far, of the line that the scan is in
  int64_t newlines_ = 0;
  int64_t carriage_returns_ = 0;  // before the first newline
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_LINES_H_
