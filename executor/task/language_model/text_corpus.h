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

// The bytes of a file, or a part of them; any bytes are allowed. They stay on disk, so files may be larger than memory.
// A value that refers to the file. Thread-safe.
class Text {
 public:
  explicit Text(const InputFile& file) : file_(&file), size_(file.size()) {}

  const std::string& name() const { return file_->name(); }
  int64_t size() const { return size_; }
  Text First(int64_t bytes) const { return {*file_, begin_, bytes}; }
  Text Last(int64_t bytes) const { return {*file_, begin_ + size_ - bytes, bytes}; }

  // Fills `to` with the bytes from `begin` on. The text is preceded, at -1, and followed by a kLineEnd. DATA_LOSS if
  // the file has been truncated.
  absl::Status Read(int64_t begin, std::span<uint8_t> to) const;

 private:
  Text(const InputFile& file, int64_t begin, int64_t size) : file_(&file), begin_(begin), size_(size) {}

  const InputFile* file_;
  int64_t begin_ = 0;
  int64_t size_;
};

// INVALID_ARGUMENT if the file has fewer than two bytes: one to read and one to predict.
absl::Status CheckText(const InputFile& file);

// A buffered view of a text. Not thread-safe.
class TextView {
 public:
  static constexpr int64_t kMost = 1 << 16;  // bytes per Look

  // Reads at least `ahead` bytes at a time.
  explicit TextView(const Text& text, int64_t ahead = kMost) : text_(text), ahead_(ahead) {}

  const Text& text() const { return text_; }
  // `bytes` bytes from `begin` on, at most kMost, as from Text::Read; valid until the next call.
  absl::StatusOr<std::span<const uint8_t>> Look(int64_t begin, int64_t bytes);

 private:
  Text text_;
  int64_t ahead_;
  int64_t begin_ = 0;  // of buffer_
  std::vector<uint8_t> buffer_;
};

// The position of a sequence: step t reads byte begin + t and predicts the next one.
struct TextSpan {
  int64_t begin;
  int64_t steps;
};

// Fills `batch`, which has `columns` sequences, with `spans`; further columns have no steps. Does not write lengths.
// Polls `stop` every few megabytes (CANCELLED).
absl::Status FillFrom(const Text& text, std::span<const TextSpan> spans, int64_t columns, const TokenRows& batch,
                      const StopCheck& stop);

// Splits a text into batches of windows for training with carried state. The text is split into B streams of equal
// length; window w of stream b reads steps [wT, wT + T) of the stream and predicts the byte after each. A value that
// refers to the file.
class WindowBatches final : public TextBatches {
 public:
  // INVALID_ARGUMENT if the text has fewer than batch * length + 1 bytes.
  static absl::StatusOr<WindowBatches> Create(const Text& text, int64_t batch, int64_t length);

  int64_t windows_per_epoch() const { return windows_; }  // >= 1
  // True for the first window of an epoch.
  bool StartsAfresh(int64_t index) const override { return index % windows_ == 0; }
  absl::StatusOr<int64_t> StepsOf(int64_t /*index*/, const StopCheck& /*stop*/) override { return length_; }
  absl::Status Fill(int64_t index, const TokenRows& batch, const StopCheck& stop) override;

 private:
  WindowBatches(const Text& text, int64_t batch, int64_t length, int64_t windows)
      : text_(text), batch_(batch), length_(length), windows_(windows), spans_(static_cast<size_t>(batch)) {}
  Text text_;
  int64_t batch_, length_, windows_;
  std::vector<TextSpan> spans_;  // of the last batch filled
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_TEXT_CORPUS_H_
