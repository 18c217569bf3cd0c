// SPDX-License-Identifier: Apache-2.0
#include "executor/data/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <mutex>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "executor/data/file_identity.h"
#include "executor/data/posix_error.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr int kMostWritersAtOnce = 100;   // per file
constexpr size_t kLongestNameKept = 240;  // of the 255 bytes allowed; the suffix needs the rest

void IgnoreFileSizeSignal() {
  static std::once_flag once;
  std::call_once(once, [] { std::signal(SIGXFSZ, SIG_IGN); });
}

// Returns INVALID_ARGUMENT if `target`, which `path` resolves to, cannot be replaced by a rename.
absl::Status CheckReplaceable(const std::string& path, const std::string& target) {
  struct stat info {};
  if (stat(target.c_str(), &info) != 0) return errno == ENOENT ? absl::OkStatus() : PosixError(errno, "write", path);
  // A rename would replace a device or a pipe.
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat("cannot write ", path, ": it is ",
                                                   S_ISDIR(info.st_mode) ? "a directory" : "not a regular file",
                                                   "; give the name of a file"));
  }
  // A rename checks only the directory's permissions, but a write-protected file should be kept.
  const bool writable = faccessat(AT_FDCWD, target.c_str(), W_OK, AT_EACCESS) == 0;
  return writable ? absl::OkStatus() : PosixError(errno, "write", path);
}

std::string TemporaryName(const std::string& target, int number) {
  const std::filesystem::path path(target);
  const std::string name = path.filename().string().substr(0, kLongestNameKept);
  return (path.parent_path() / absl::StrCat(name, ".tmp-", number)).string();
}

// Whether `name` still refers to the open file.
bool IsStillNamed(int fd, const std::string& name) {
  struct stat opened {};
  struct stat named {};
  return fstat(fd, &opened) == 0 && lstat(name.c_str(), &named) == 0 && opened.st_dev == named.st_dev &&
         opened.st_ino == named.st_ino;
}

// Removes a temporary file left by a killed process. Live writers hold a lock on theirs until it is renamed. Returns
// whether the name is free now.
bool RemoveAbandoned(const std::string& temporary) {
  const int fd = open(temporary.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT;
  const absl::Cleanup closer = [fd] { close(fd); };
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) return false;
  return !IsStillNamed(fd, temporary) || unlink(temporary.c_str()) == 0;
}

// Creates and locks a file of this name. Returns -1 with errno, EEXIST if another writer has the name.
int CreateLocked(const std::string& temporary) {
  for (;;) {
    const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 && errno != EEXIST) return -1;
    if (fd < 0) {
      if (RemoveAbandoned(temporary)) continue;
      errno = EEXIST;
      return -1;
    }
    // Before it is locked, another writer may consider it abandoned (except on file systems without locks).
    if ((flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) && IsStillNamed(fd, temporary)) return fd;
    close(fd);
  }
}

// Sets the owner first, because chown clears mode bits.
void KeepModeAndOwner(const std::string& target, int fd) {
  struct stat old {};
  struct stat fresh {};
  if (stat(target.c_str(), &old) != 0 || fstat(fd, &fresh) != 0) return;
  bool kept = true;
  if (old.st_gid != fresh.st_gid) kept = fchown(fd, static_cast<uid_t>(-1), old.st_gid) == 0;
  if (old.st_uid != fresh.st_uid) kept = fchown(fd, old.st_uid, static_cast<gid_t>(-1)) == 0 && kept;
  // A different group must not inherit the old group's permissions.
  fchmod(fd, old.st_mode & (kept ? 07777 : 0707));
}

}  // namespace

absl::StatusOr<AtomicFile> AtomicFile::Create(const std::string& path, Links links) {
  if (path.empty()) return absl::InvalidArgumentError("the path of the file to write is empty");
  if (path.back() == '/') return absl::InvalidArgumentError(absl::StrCat("cannot write ", path, ": it ends in '/'"));
  IgnoreFileSizeSignal();
  ASSIGN_OR_RETURN(std::string target, FollowLinks(path));
  if (links == Links::kRefuse && target != path) {
    return absl::PermissionDeniedError(absl::StrCat("cannot write ", path, ": it is a symbolic link"));
  }
  RETURN_IF_ERROR(CheckReplaceable(path, target));
  for (int number = 0; number < kMostWritersAtOnce; ++number) {
    std::string temporary = TemporaryName(target, number);
    const int fd = CreateLocked(temporary);
    if (fd < 0 && errno == EEXIST) continue;
    if (fd < 0) return PosixError(errno, "write", path);
    for (int next = number + 1; next < kMostWritersAtOnce; ++next) {
      const std::string left = TemporaryName(target, next);
      if (access(left.c_str(), F_OK) != 0) break;
      RemoveAbandoned(left);
    }
    return AtomicFile(path, std::move(target), std::move(temporary), fd);
  }
  return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", kMostWritersAtOnce,
                                             " temporary files of it exist; remove those that no process is writing"));
}

AtomicFile::AtomicFile(std::string path, std::string target, std::string temporary, int fd)
    : path_(std::move(path)), target_(std::move(target)), temporary_(std::move(temporary)), fd_(fd) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      target_(std::move(other.target_)),
      temporary_(std::move(other.temporary_)),
      fd_(std::exchange(other.fd_, -1)) {}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  unlink(temporary_.c_str());
  close(fd_);  // releases the lock, so the name must be gone first
}

absl::Status AtomicFile::CheckRoom(int64_t bytes) {
  const int error = bytes <= 0 || fallocate(fd_, 0, 0, bytes) == 0 ? 0 : errno;
  if (ftruncate(fd_, 0) != 0 || lseek(fd_, 0, SEEK_SET) != 0) return PosixError(errno, "write", path_);
  const bool no_room =
      error == ENOSPC || error == EDQUOT || error == EFBIG;  // other errors: the file system cannot tell
  return no_room ? PosixError(error, absl::StrCat("write ", bytes, " bytes to"), path_) : absl::OkStatus();
}

absl::Status AtomicFile::Write(const void* data, int64_t size) { return WriteAll(fd_, data, size, path_); }

absl::Status AtomicFile::Commit() {
  KeepModeAndOwner(target_, fd_);
  if (fsync(fd_) != 0) return PosixError(errno, "sync", path_);
  if (rename(temporary_.c_str(), target_.c_str()) != 0) return PosixError(errno, "write", path_);
  close(std::exchange(fd_, -1));
  // The new name is durable only after its directory is synced.
  const std::string parent = std::filesystem::path(target_).parent_path().string();
  return SyncDirectory(parent.empty() ? "." : parent);
}

absl::Status WriteAll(int fd, const void* data, int64_t size, const std::string& path) {
  const char* from = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = write(fd, from, static_cast<size_t>(size));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return PosixError(errno, "write", path);
    from += written;
    size -= written;
  }
  return absl::OkStatus();
}

absl::Status SyncDirectory(const std::string& directory) {
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return PosixError(errno, "open", directory);
  const int failed = fsync(fd) != 0 ? errno : 0;
  close(fd);
  // File systems that cannot sync a directory return EINVAL.
  return failed == 0 || failed == EINVAL ? absl::OkStatus() : PosixError(failed, "sync", directory);
}

absl::Status WriteFileAtomically(const std::string& path, std::string_view bytes) {
  ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  absl::Status status = file.Write(bytes.data(), static_cast<int64_t>(bytes.size()));
  return status.ok() ? file.Commit() : status;
}

}  // namespace recurve
