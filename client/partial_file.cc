// SPDX-License-Identifier: Apache-2.0
#include "client/partial_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/data/atomic_file.h"
#include "executor/data/file_identity.h"
#include "executor/data/input_file.h"
#include "executor/data/posix_error.h"
#include "executor/data/sha256.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr char kSuffix[] = ".download";
constexpr mode_t kNewFileMode = 0666;  // less the umask

}  // namespace

PartialFile::PartialFile(std::string path, std::string temporary, int fd, int64_t size)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd), size_(size) {}

PartialFile::PartialFile(PartialFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      fd_(std::exchange(other.fd_, -1)),
      size_(other.size_) {}

PartialFile::~PartialFile() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<PartialFile> PartialFile::Open(const std::string& path) {
  ASSIGN_OR_RETURN(std::string target, FollowLinks(path));
  struct stat info {};
  const bool exists = stat(target.c_str(), &info) == 0;
  if (exists && !S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat("cannot write ", path, ": it is not a regular file"));
  }
  std::string temporary = absl::StrCat(target, kSuffix);
  const int fd = open(temporary.c_str(), O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
                      exists ? info.st_mode & 0777 : kNewFileMode);
  if (fd < 0) return PosixError(errno, "write", temporary);
  PartialFile file(std::move(target), std::move(temporary), fd, 0);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return PosixError(errno, "lock", file.temporary_);
    return absl::FailedPreconditionError(
        absl::StrCat(file.temporary_, " is being written by another download; wait for it, or give another name"));
  }
  if (fstat(fd, &info) != 0) return PosixError(errno, "read", file.temporary_);
  file.size_ = info.st_size;
  return file;
}

absl::Status PartialFile::Append(std::string_view bytes) {
  const auto size = static_cast<int64_t>(bytes.size());
  RETURN_IF_ERROR(WriteAll(fd_, bytes.data(), size, temporary_));
  size_ += size;
  return absl::OkStatus();
}

absl::Status PartialFile::Clear() {
  if (ftruncate(fd_, 0) != 0) return PosixError(errno, "write", temporary_);
  size_ = 0;
  return absl::OkStatus();
}

absl::StatusOr<std::string> PartialFile::Sha256() const {
  ASSIGN_OR_RETURN(const auto file, InputFile::Open(temporary_));
  return Sha256Of(*file, nullptr);
}

absl::Status PartialFile::Commit() {
  if (fsync(fd_) != 0) return PosixError(errno, "write", temporary_);
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) return PosixError(errno, "write", path_);
  const std::string directory = std::filesystem::path(path_).parent_path().string();
  return SyncDirectory(directory.empty() ? "." : directory);
}

void PartialFile::Remove() { unlink(temporary_.c_str()); }

}  // namespace recurve
