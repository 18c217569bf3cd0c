// SPDX-License-Identifier: Apache-2.0
#include "client/cli/output_file.h"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr size_t kOutputBufferBytes = 1 << 16;

bool IsPipeOrDevice(const std::string& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  return std::filesystem::exists(status) && std::filesystem::is_other(status);
}

}  // namespace

absl::StatusOr<OutputFile> OutputFile::Open(const std::string& path) {
  OutputFile output(path);
  if (path == "-") {
    output.stream_.reset(stdout);
  } else if (IsPipeOrDevice(path)) {
    output.stream_.reset(std::fopen(path.c_str(), "we"));
    if (output.stream_ == nullptr) return output.CannotWrite();
  } else {
    ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
    output.file_.emplace(std::move(file));
  }
  return output;
}

absl::Status OutputFile::Write(std::string_view text) {
  if (stream_ != nullptr) {
    return std::fwrite(text.data(), 1, text.size(), stream_.get()) == text.size() ? absl::OkStatus() : CannotWrite();
  }
  buffer_ += text;
  if (buffer_.size() < kOutputBufferBytes) return absl::OkStatus();
  absl::Status status = file_->Write(buffer_.data(), static_cast<int64_t>(buffer_.size()));
  buffer_.clear();
  return status;
}

absl::Status OutputFile::Finish() {
  if (stream_ != nullptr) return std::fflush(stream_.get()) == 0 ? absl::OkStatus() : CannotWrite();
  absl::Status status = file_->Write(buffer_.data(), static_cast<int64_t>(buffer_.size()));
  return status.ok() ? file_->Commit() : status;
}

absl::Status OutputFile::CannotWrite() const {
  const int error = errno;
  return absl::UnavailableError(absl::StrCat("cannot write ", path_ == "-" ? "to standard output" : path_, ": ",
                                             std::error_code(error, std::generic_category()).message()));
}

}  // namespace recurve
