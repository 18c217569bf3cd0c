// SPDX-License-Identifier: Apache-2.0
#include "executor/data/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
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

// Returns INVALID_ARGUMENT if the file at `target`, which `path` leads to, cannot be replaced by a rename.
absl::Status CheckReplaceable(const std::string& path, const FilePlace& target) {
  struct stat info {};
  if (fstatat(target.directory.get(), target.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? absl::OkStatus() : PosixError(errno, "write", path);
  }
  // A rename would replace a device or a pipe.
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat("cannot write ", path, ": it is ",
                                                   S_ISDIR(info.st_mode) ? "a directory" : "not a regular file",
                                                   "; give the name of a file"));
  }
  // A rename checks only the directory's permissions, but a write-protected file should be kept.
  const int flags = AT_EACCESS | AT_SYMLINK_NOFOLLOW;
  const bool writable = faccessat(target.directory.get(), target.name.c_str(), W_OK, flags) == 0;
  return writable ? absl::OkStatus() : PosixError(errno, "write", path);
}

std::string TemporaryName(const std::string& target, int number) {
  return absl::StrCat(target.substr(0, kLongestNameKept), ".tmp-", number);
}

// Whether `name` still refers to the open file.
bool IsStillNamed(int fd, int directory, const std::string& name) {
  struct stat opened {};
  struct stat named {};
  return fstat(fd, &opened) == 0 && fstatat(directory, name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

// Removes a temporary file left by a killed process. Live writers hold a lock on theirs until it is renamed. Returns
// whether the name is free now.
bool RemoveAbandoned(int directory, const std::string& temporary) {
  const FileDescriptor file(openat(directory, temporary.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.ok()) return errno == ENOENT;
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) return false;
  return !IsStillNamed(file.get(), directory, temporary) || unlinkat(directory, temporary.c_str(), 0) == 0;
}

// Creates and locks a file of this name. Returns none with errno, EEXIST if another writer has the name.
FileDescriptor CreateLocked(int directory, const std::string& temporary) {
  for (;;) {
    FileDescriptor file(openat(directory, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!file.ok() && errno != EEXIST) return file;
    if (!file.ok()) {
      if (RemoveAbandoned(directory, temporary)) continue;
      errno = EEXIST;
      return file;
    }
    // Before it is locked, another writer may consider it abandoned (except on file systems without locks).
    if ((flock(file.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
        IsStillNamed(file.get(), directory, temporary)) {
      return file;
    }
  }
}

// Sets the owner first, because chown clears mode bits.
void KeepModeAndOwner(const FilePlace& target, int fd) {
  struct stat old {};
  struct stat fresh {};
  if (fstatat(target.directory.get(), target.name.c_str(), &old, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (!S_ISREG(old.st_mode) || fstat(fd, &fresh) != 0) return;
  bool kept = true;
  if (old.st_gid != fresh.st_gid) kept = fchown(fd, static_cast<uid_t>(-1), old.st_gid) == 0;
  if (old.st_uid != fresh.st_uid) kept = fchown(fd, old.st_uid, static_cast<gid_t>(-1)) == 0 && kept;
  // A different group must not inherit the old group's permissions.
  fchmod(fd, old.st_mode & (kept ? 07777 : 0707));
}

// Makes the names in a directory durable; `path` is for error messages.
absl::Status SyncDirectoryAt(int directory, const char* name, const std::string& path) {
  const FileDescriptor opened(openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.ok()) return PosixError(errno, "open", path);
  const int failed = fsync(opened.get()) != 0 ? errno : 0;
  // File systems that cannot sync a directory return EINVAL.
  return failed == 0 || failed == EINVAL ? absl::OkStatus() : PosixError(failed, "sync", path);
}

}  // namespace

absl::StatusOr<AtomicFile> AtomicFile::Create(const FilePath& path) {
  if (path.empty()) return absl::InvalidArgumentError("the path of the file to write is empty");
  if (path.text.back() == '/') {
    return absl::InvalidArgumentError(absl::StrCat("cannot write ", path.text, ": it ends in '/'"));
  }
  IgnoreFileSizeSignal();
  ASSIGN_OR_RETURN(FilePlace target, FilePlace::Find(path, "write"));
  RETURN_IF_ERROR(CheckReplaceable(path.text, target));
  const int directory = target.directory.get();
  for (int number = 0; number < kMostWritersAtOnce; ++number) {
    std::string temporary = TemporaryName(target.name, number);
    FileDescriptor file = CreateLocked(directory, temporary);
    if (!file.ok() && errno == EEXIST) continue;
    if (!file.ok()) return PosixError(errno, "write", path.text);
    for (int next = number + 1; next < kMostWritersAtOnce; ++next) {
      const std::string left = TemporaryName(target.name, next);
      if (faccessat(directory, left.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0) break;
      RemoveAbandoned(directory, left);
    }
    return AtomicFile(path, std::move(target), std::move(temporary), std::move(file));
  }
  return absl::UnavailableError(absl::StrCat("cannot write ", path.text, ": ", kMostWritersAtOnce,
                                             " temporary files of it exist; remove those that no process is writing"));
}

AtomicFile::AtomicFile(FilePath path, FilePlace target, std::string temporary, FileDescriptor fd)
    : path_(std::move(path)), target_(std::move(target)), temporary_(std::move(temporary)), fd_(std::move(fd)) {}

AtomicFile::~AtomicFile() {
  // Closing releases the lock, so the name must be gone first.
  if (fd_.ok()) unlinkat(target_.directory.get(), temporary_.c_str(), 0);
}

absl::StatusOr<std::unique_ptr<InputFile>> AtomicFile::Replaced() const {
  absl::StatusOr<std::unique_ptr<InputFile>> file = InputFile::OpenAt(target_, path_);
  if (absl::IsNotFound(file.status())) return nullptr;
  return file;
}

absl::Status AtomicFile::CheckRoom(int64_t bytes) {
  const int error = bytes <= 0 || fallocate(fd_.get(), 0, 0, bytes) == 0 ? 0 : errno;
  if (ftruncate(fd_.get(), 0) != 0 || lseek(fd_.get(), 0, SEEK_SET) != 0) return PosixError(errno, "write", path_.text);
  const bool no_room =
      error == ENOSPC || error == EDQUOT || error == EFBIG;  // other errors: the file system cannot tell
  return no_room ? PosixError(error, absl::StrCat("write ", bytes, " bytes to"), path_.text) : absl::OkStatus();
}

absl::Status AtomicFile::Write(const void* data, int64_t size) { return WriteAll(fd_.get(), data, size, path_.text); }

absl::Status AtomicFile::Commit() {
  KeepModeAndOwner(target_, fd_.get());
  if (fsync(fd_.get()) != 0) return PosixError(errno, "sync", path_.text);
  const int directory = target_.directory.get();
  if (renameat(directory, temporary_.c_str(), directory, target_.name.c_str()) != 0) {
    return PosixError(errno, "write", path_.text);
  }
  fd_.Reset();
  // The new name is durable only after its directory is synced.
  return SyncDirectoryAt(directory, ".", path_.text);
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
  return SyncDirectoryAt(AT_FDCWD, directory.c_str(), directory);
}

absl::Status WriteFileAtomically(const FilePath& path, std::string_view bytes) {
  ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  absl::Status status = file.Write(bytes.data(), static_cast<int64_t>(bytes.size()));
  return status.ok() ? file.Commit() : status;
}

}  // namespace recurve
