// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DATA_TEXT_CORPUS_H_
#define RECURVE_EXECUTOR_DATA_TEXT_CORPUS_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "executor/data/batch_source.h"

namespace recurve {

// A file of bytes, mapped read-only: a file larger than memory costs no memory. Any bytes are text. Thread-safe. A file
// that another process shortens while it is mapped ends this process (SIGBUS), as with every mapped file.
class TextCorpus {
 public:
  // NOT_FOUND, PERMISSION_DENIED, or INVALID_ARGUMENT for what is not a regular file or has fewer than two bytes (a
  // byte to read and a byte to predict).
  static absl::StatusOr<std::unique_ptr<TextCorpus>> Open(const std::string& path);
  ~TextCorpus();
  TextCorpus(const TextCorpus&) = delete;
  TextCorpus& operator=(const TextCorpus&) = delete;

  std::span<const uint8_t> bytes() const { return bytes_; }

 private:
  explicit TextCorpus(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  const std::span<const uint8_t> bytes_;
};

// Cuts a text into batches of windows for training with the state carried over. The text is split into B streams of
// equal length; window w of stream b reads steps [wT, wT + T) of the stream and predicts the byte after each. A value
// that refers to the text.
class WindowBatches final : public BatchSource {
 public:
  // INVALID_ARGUMENT when the text has fewer than batch * length + 1 bytes, with the number it has.
  static absl::StatusOr<WindowBatches> Create(std::span<const uint8_t> text, int64_t batch, int64_t length);

  int64_t windows_per_epoch() const { return windows_; }  // >= 1
  // The first window of a pass over the streams.
  bool StartsAfresh(int64_t index) const override { return index % windows_ == 0; }
  int64_t StepsOf(int64_t /*index*/) override { return length_; }
  void Fill(int64_t index, const HostBatch& batch) override;

 private:
  WindowBatches(std::span<const uint8_t> text, int64_t batch, int64_t length, int64_t windows)
      : text_(text), batch_(batch), length_(length), windows_(windows) {}
  std::span<const uint8_t> text_;
  int64_t batch_, length_, windows_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DATA_TEXT_CORPUS_H_
