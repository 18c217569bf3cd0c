// SPDX-License-Identifier: Apache-2.0
#include "executor/data/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/data/posix_error.h"

namespace recurve {
namespace {

// The name's entry is on the disk only when its directory is.
absl::Status SyncDirectoryOf(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const std::string directory = parent.empty() ? std::string(".") : parent;
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return PosixError(errno, "open", directory);
  const int failed = fsync(fd) != 0 ? errno : 0;
  close(fd);
  // Some file systems cannot sync a directory and say EINVAL.
  return failed == 0 || failed == EINVAL ? absl::OkStatus() : PosixError(failed, "sync", directory);
}

}  // namespace

absl::StatusOr<AtomicFile> AtomicFile::Create(const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("the path of the file to write is empty");
  struct stat info {};
  if (stat(path.c_str(), &info) == 0) {
    // Renaming over a device or a pipe would replace it.
    if (!S_ISREG(info.st_mode)) {
      return absl::InvalidArgumentError(absl::StrCat("cannot write ", path, ": it is ",
                                                     S_ISDIR(info.st_mode) ? "a directory" : "not a regular file",
                                                     "; give the name of a file"));
    }
  } else if (errno != ENOENT) {
    return PosixError(errno, "write", path);
  }
  if (path.back() == '/') return absl::InvalidArgumentError(absl::StrCat("cannot write ", path, ": it ends in '/'"));

  static std::atomic<uint64_t> counter{0};
  for (;;) {
    std::string temporary = absl::StrCat(path, ".tmp-", getpid(), "-", counter.fetch_add(1));
    const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0) return AtomicFile(path, std::move(temporary), fd);
    if (errno != EEXIST) return PosixError(errno, "write", path);
  }
}

AtomicFile::AtomicFile(std::string path, std::string temporary, int fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)), temporary_(std::move(other.temporary_)), fd_(std::exchange(other.fd_, -1)) {}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  close(fd_);
  unlink(temporary_.c_str());
}

absl::Status AtomicFile::Write(const void* data, int64_t size) {
  const char* from = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = write(fd_, from, static_cast<size_t>(size));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return PosixError(errno, "write", path_);
    from += written;
    size -= written;
  }
  return absl::OkStatus();
}

absl::Status AtomicFile::Commit() {
  if (fsync(fd_) != 0) return PosixError(errno, "sync", path_);
  if (rename(temporary_.c_str(), path_.c_str()) != 0) return PosixError(errno, "write", path_);
  close(std::exchange(fd_, -1));
  return SyncDirectoryOf(path_);
}

}  // namespace recurve
