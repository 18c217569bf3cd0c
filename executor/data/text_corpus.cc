// SPDX-License-Identifier: Apache-2.0
#include "executor/data/text_corpus.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "executor/data/posix_error.h"

namespace recurve {

absl::StatusOr<std::unique_ptr<TextCorpus>> TextCorpus::Open(const std::string& path) {
  // O_NONBLOCK: opening a pipe that nobody writes to must not wait before it is refused.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return PosixError(errno, "open", path);
  const absl::Cleanup closer = [fd] { close(fd); };
  struct stat info {};
  if (fstat(fd, &info) != 0) return PosixError(errno, "look at", path);
  if (S_ISDIR(info.st_mode)) return absl::InvalidArgumentError(absl::StrCat(path, " is a directory; give a file"));
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a regular file; write its bytes to one first"));
  }
  if (info.st_size < 2) {
    return absl::InvalidArgumentError(absl::StrCat(path, " has ", info.st_size, info.st_size == 1 ? " byte" : " bytes",
                                                   "; a text needs at least 2, one to read and one to predict"));
  }
  const auto size = static_cast<size_t>(info.st_size);
  void* address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (address == MAP_FAILED) return PosixError(errno, "map", path);
  return std::unique_ptr<TextCorpus>(new TextCorpus({static_cast<const uint8_t*>(address), size}));
}

TextCorpus::~TextCorpus() { munmap(const_cast<uint8_t*>(bytes_.data()), bytes_.size()); }

absl::StatusOr<WindowBatches> WindowBatches::Create(std::span<const uint8_t> text, int64_t batch, int64_t length) {
  if (batch < 1) return absl::InvalidArgumentError(absl::StrCat("batch is ", batch, "; it must be at least 1"));
  if (length < 1) return absl::InvalidArgumentError(absl::StrCat("length is ", length, "; it must be at least 1"));
  const auto size = static_cast<int64_t>(text.size());
  const int64_t stream = size > 0 ? (size - 1) / batch : 0;
  if (stream < length) {
    int64_t product = 0;
    const std::string needed = __builtin_mul_overflow(batch, length, &product)
                                   ? std::string("more than 2^63")
                                   : absl::StrCat("at least ", static_cast<uint64_t>(product) + 1);
    return absl::InvalidArgumentError(absl::StrCat("batch ", batch, " of length ", length, " needs ", needed,
                                                   " bytes of text and there are ", size,
                                                   "; give more text, or a smaller batch or length"));
  }
  return WindowBatches(text, batch, length, stream / length);
}

void WindowBatches::Fill(int64_t index, const HostBatch& batch) {
  const int64_t stream = (static_cast<int64_t>(text_.size()) - 1) / batch_;
  const int64_t first = index % windows_ * length_;
  for (int64_t b = 0; b < batch_; ++b) {
    const uint8_t* window = text_.data() + b * stream + first;
    for (int64_t t = 0; t < length_; ++t) {
      batch.inputs[t * batch_ + b] = window[t];
      batch.targets[t * batch_ + b] = window[t + 1];
    }
  }
}

}  // namespace recurve
