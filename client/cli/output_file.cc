// SPDX-License-Identifier: Apache-2.0
#include "client/cli/output_file.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/interrupt.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr size_t kOutputBufferBytes = 1 << 16;
constexpr int kOutputPollMilliseconds = 100;  // between checks for an interrupt while waiting for a reader
constexpr mode_t kNewFileMode = 0666;         // less the umask

bool IsPipeOrDevice(const std::string& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  return std::filesystem::exists(status) && std::filesystem::is_other(status);
}

}  // namespace

absl::Status CheckReplaceable(const std::string& path, const OutputKind& kind) {
  std::error_code error;
  if (path == "-" || !std::filesystem::is_regular_file(path, error)) return absl::OkStatus();
  if (std::filesystem::file_size(path, error) == 0) return absl::OkStatus();
  std::string begin(kind.begin.size(), '\0');
  std::ifstream(path, std::ios::binary).read(begin.data(), static_cast<std::streamsize>(begin.size()));
  if (begin == kind.begin) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("cannot write ", path, ": the existing file is not ", kind.name,
                                                 "; give another name, or remove it"));
}

absl::StatusOr<OutputFile> OutputFile::Open(const std::string& path, const OutputKind& kind) {
  OutputFile output(path);
  RETURN_IF_ERROR(CheckReplaceable(path, kind));
  if (path == "-") {
    output.stream_.reset(stdout);
  } else if (IsPipeOrDevice(path)) {
    RETURN_IF_ERROR(output.OpenStream(O_WRONLY));
  } else {
    ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
    output.file_.emplace(std::move(file));
  }
  return output;
}

absl::StatusOr<OutputFile> OutputFile::OpenToGrow(const std::string& path, const OutputKind& kind) {
  if (path == "-" || IsPipeOrDevice(path)) return Open(path, kind);
  OutputFile output(path);
  RETURN_IF_ERROR(CheckReplaceable(path, kind));
  RETURN_IF_ERROR(output.OpenStream(O_WRONLY | O_CREAT | O_TRUNC));
  return output;
}

// Never blocks in a system call, which an interrupt would not end (CatchInterrupts).
absl::Status OutputFile::OpenStream(int flags) {
  for (;;) {
    const int descriptor = open(path_.c_str(), flags | O_NONBLOCK | O_CLOEXEC, kNewFileMode);
    if (descriptor >= 0) {
      stream_.reset(fdopen(descriptor, "w"));
      return stream_ != nullptr ? absl::OkStatus() : CannotWrite();
    }
    if (errno == EINTR) continue;
    std::error_code ignored;
    if (errno != ENXIO || !std::filesystem::is_fifo(path_, ignored)) return CannotWrite();
    if (Interrupted()) return absl::CancelledError(absl::StrCat("interrupted while waiting for a reader of ", path_));
    poll(nullptr, 0, kOutputPollMilliseconds);
  }
}

absl::Status OutputFile::WriteToStream(std::string_view text) {
  if (stream_.get() == stdout) {
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
    return written ? absl::OkStatus() : CannotWrite();
  }
  const int descriptor = fileno(stream_.get());
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      if (Interrupted()) return absl::CancelledError(absl::StrCat("interrupted while waiting for a reader of ", path_));
      pollfd output{.fd = descriptor, .events = POLLOUT, .revents = 0};
      poll(&output, 1, kOutputPollMilliseconds);
    } else if (errno != EINTR) {
      return CannotWrite();
    }
  }
  return absl::OkStatus();
}

absl::Status OutputFile::Write(std::string_view text) {
  buffer_ += text;
  return buffer_.size() < kOutputBufferBytes ? absl::OkStatus() : Flush();
}

absl::Status OutputFile::Flush() {
  const std::string text = std::exchange(buffer_, {});
  return file_ ? file_->Write(text.data(), static_cast<int64_t>(text.size())) : WriteToStream(text);
}

absl::Status OutputFile::Finish() {
  RETURN_IF_ERROR(Flush());
  return file_ ? file_->Commit() : absl::OkStatus();
}

absl::Status OutputFile::CutTo(int64_t bytes) {
  RETURN_IF_ERROR(Flush());
  if (IsPipeOrDevice(path_) || stream_ == nullptr || stream_.get() == stdout) return absl::OkStatus();
  const int descriptor = fileno(stream_.get());
  const bool cut = ftruncate(descriptor, bytes) == 0 && lseek(descriptor, bytes, SEEK_SET) == bytes;
  return cut ? absl::OkStatus() : CannotWrite();
}

absl::Status OutputFile::CannotWrite() const {
  const int error = errno;
  return absl::UnavailableError(absl::StrCat("cannot write ", path_ == "-" ? "to standard output" : path_, ": ",
                                             std::error_code(error, std::generic_category()).message()));
}

}  // namespace recurve
