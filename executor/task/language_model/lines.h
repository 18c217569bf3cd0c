// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_LINES_H_
#define RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_LINES_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "executor/task/language_model/text_corpus.h"

namespace recurve {

// The number of sequences of each length in steps, after truncation.
using LengthCounts = std::map<int64_t, int64_t>;

// The non-empty lines of a text, in order. The end of the text also ends a line. kLineEnd is the only special byte.
//
// A line as a sequence reads a newline and then its bytes, and predicts its bytes and then a newline. A sequence
// therefore has one more step than the line has bytes. A line of more than `length` steps is truncated to the first
// `length`, so that its end is not predicted.
//
// The index holds only the number of lines that begin before each block of the text, at most 8 MiB. Locating a line
// looks up its block and reads it again. A value that refers to the file. Const methods are thread-safe.
class Lines {
 public:
  // Reads the text once. CANCELLED if `stop` returns true, DATA_LOSS if the file has been truncated.
  static absl::StatusOr<Lines> Find(const Text& text, int64_t length, const StopCheck& stop);

  const Text& text() const { return text_; }
  int64_t count() const { return count_; }
  int64_t empty() const { return empty_; }  // empty lines, which are skipped
  int64_t cut() const { return cut_; }      // truncated lines
  const LengthCounts& lengths() const { return lengths_; }
  int64_t longest() const { return lengths_.rbegin()->first; }  // in steps; requires count() > 0

  int64_t HeldBytes() const;  // memory of the index, in bytes

  // INVALID_ARGUMENT if the text is a single line because its line ends are carriage returns.
  absl::Status CheckLineEnds() const;

  // The sequence of line `i`; `view` must be a view of text(). Fastest if `i` increases from call to call. DATA_LOSS if
  // the line is no longer in its block or has a length that no line had.
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
  int64_t line_bytes_ = 0;  // of the line being scanned, so far
  int64_t newlines_ = 0;
  int64_t carriage_returns_ = 0;  // before the first newline
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_LINES_H_
