// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_TEXT_CORPUS_H_
#define RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_TEXT_CORPUS_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "executor/data/input_file.h"
#include "executor/task/language_model/text_batches.h"

namespace recurve {

inline constexpr uint8_t kLineEnd = '\n';

// The bytes of a file, or a part of them. Any bytes are text. They stay on disk: a file larger than memory costs no
// memory. A value that refers to the file. Thread-safe.
class Text {
 public:
  explicit Text(const InputFile& file) : file_(&file), size_(file.size()) {}

  const std::string& name() const { return file_->name(); }
  int64_t size() const { return size_; }
  Text First(int64_t bytes) const { return {*file_, begin_, bytes}; }
  Text Last(int64_t bytes) const { return {*file_, begin_ + size_ - bytes, bytes}; }

  // Reads from `begin` on what `to` holds. There is a kLineEnd before the first byte, at -1, and one after the last.
  // DATA_LOSS when the file has become shorter.
  absl::Status Read(int64_t begin, std::span<uint8_t> to) const;

 private:
  Text(const InputFile& file, int64_t begin, int64_t size) : file_(&file), begin_(begin), size_(size) {}

  const InputFile* file_;
  int64_t begin_ = 0;
  int64_t size_;
};

// INVALID_ARGUMENT when the file has fewer than two bytes: one to read and one to predict.
absl::Status CheckText(const InputFile& file);

// Looks at a text through a buffer. Not thread-safe.
class TextView {
 public:
  static constexpr int64_t kMost = 1 << 16;  // bytes at once

  // Reads `ahead` bytes at a time, if no more are looked at.
  explicit TextView(const Text& text, int64_t ahead = kMost) : text_(text), ahead_(ahead) {}

  const Text& text() const { return text_; }
  // `bytes` from `begin` on, at most kMost, as Text::Read gives them; valid until the next call.
  absl::StatusOr<std::span<const uint8_t>> Look(int64_t begin, int64_t bytes);

 private:
  Text text_;
  int64_t ahead_;
  int64_t begin_ = 0;  // of buffer_
  std::vector<uint8_t> buffer_;
};

// Where a sequence lies: step t reads byte begin + t and predicts the byte after it.
struct TextSpan {
  int64_t begin;
  int64_t steps;
};

// Fills `batch`, which has `columns` sequences, with `spans`; columns beyond them have no steps. Lengths are not
// written. CANCELLED within a few megabytes when `stop` says so.
absl::Status FillFrom(const Text& text, std::span<const TextSpan> spans, int64_t columns, const TokenRows& batch,
                      const StopCheck& stop);

// Cuts a text into batches of windows for training with the state carried over. The text is split into B streams of
// equal length; window w of stream b reads steps [wT, wT + T) of the stream and predicts the byte after each. A value
// that refers to the file.
class WindowBatches final : public TextBatches {
 public:
  // INVALID_ARGUMENT when the text has fewer than batch * length + 1 bytes, with the number it has.
  static absl::StatusOr<WindowBatches> Create(const Text& text, int64_t batch, int64_t length);

  int64_t windows_per_epoch() const { return windows_; }  // >= 1
  // The first window of a pass over the streams.
  bool StartsAfresh(int64_t index) const override { return index % windows_ == 0; }
  absl::StatusOr<int64_t> StepsOf(int64_t /*index*/, const StopCheck& /*stop*/) override { return length_; }
  absl::Status Fill(int64_t index, const TokenRows& batch, const StopCheck& stop) override;

 private:
  WindowBatches(const Text& text, int64_t batch, int64_t length, int64_t windows)
      : text_(text), batch_(batch), length_(length), windows_(windows), spans_(static_cast<size_t>(batch)) {}
  Text text_;
  int64_t batch_, length_, windows_;
  std::vector<TextSpan> spans_;  // of the batch filled last
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_TEXT_CORPUS_H_
