// SPDX-License-Identifier: Apache-2.0
#include "executor/data/input_file.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "executor/data/posix_error.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr char kStandardInput[] = "standard input";
// O_NONBLOCK: a pipe without a writer must be refused at once. O_NOCTTY: a terminal must not become that of a daemon.
constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
constexpr size_t kCopyBytes = 1 << 16;
constexpr int kPollMilliseconds = 200;  // between polls of `stop` while no input arrives

absl::Status WriteAll(int fd, const char* from, size_t bytes) {
  while (bytes > 0) {
    const ssize_t written = write(fd, from, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return PosixError(errno, "keep a copy of", kStandardInput);
    from += written;
    bytes -= static_cast<size_t>(written);
  }
  return absl::OkStatus();
}

absl::Status CopyStandardInput(int to, const StopCheck& stop) {
  std::vector<char> buffer(kCopyBytes);
  for (;;) {
    RETURN_IF_ERROR(CheckStop(stop));
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (poll(&input, 1, kPollMilliseconds) <= 0) continue;
    const ssize_t got = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return PosixError(errno, "read", kStandardInput);
    if (got == 0) return absl::OkStatus();
    RETURN_IF_ERROR(WriteAll(to, buffer.data(), static_cast<size_t>(got)));
  }
}

bool SameTime(const struct timespec& a, const struct timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

absl::Status CheckStop(const StopCheck& stop) {
  return stop && stop() ? absl::CancelledError("cancelled while reading") : absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<InputFile>> InputFile::Open(const FilePath& path) {
  ASSIGN_OR_RETURN(FileDescriptor fd, path.Open(kFlags));
  return Own(std::move(fd), path.text, path);
}

absl::StatusOr<std::unique_ptr<InputFile>> InputFile::OpenAt(const FilePlace& place, const FilePath& path) {
  FileDescriptor fd(openat(place.directory.get(), place.name.c_str(), kFlags | O_NOFOLLOW));
  if (!fd.ok()) return PosixError(errno, "open", path.text);
  return Own(std::move(fd), path.text, path);
}

absl::StatusOr<std::unique_ptr<InputFile>> InputFile::OpenStandardInput(const StopCheck& stop) {
  struct stat info {};
  if (fstat(STDIN_FILENO, &info) != 0) return PosixError(errno, "read", kStandardInput);
  if (S_ISREG(info.st_mode) && lseek(STDIN_FILENO, 0, SEEK_CUR) == 0) {
    FileDescriptor fd(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    if (!fd.ok()) return PosixError(errno, "read", kStandardInput);
    return Own(std::move(fd), kStandardInput, "");
  }
  std::FILE* copy = std::tmpfile();
  if (copy == nullptr) return PosixError(errno, "keep a copy of", kStandardInput);
  const absl::Cleanup closer = [copy] { std::fclose(copy); };
  RETURN_IF_ERROR(CopyStandardInput(fileno(copy), stop));
  FileDescriptor fd(fcntl(fileno(copy), F_DUPFD_CLOEXEC, 0));
  if (!fd.ok()) return PosixError(errno, "read", kStandardInput);
  return Own(std::move(fd), kStandardInput, "");
}

absl::StatusOr<std::unique_ptr<InputFile>> InputFile::OpenArgument(const std::string& path, const StopCheck& stop) {
  return path == "-" ? OpenStandardInput(stop) : Open(path);
}

absl::StatusOr<std::unique_ptr<InputFile>> InputFile::Own(FileDescriptor fd, const std::string& name,
                                                          const FilePath& path) {
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return PosixError(errno, "look at", name);
  if (S_ISDIR(info.st_mode)) return absl::InvalidArgumentError(absl::StrCat(name, " is a directory; give a file"));
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is not a regular file; write its bytes to one first"));
  }
  return std::unique_ptr<InputFile>(new InputFile(name, path, std::move(fd), info));
}

absl::Status InputFile::Read(int64_t begin, void* to, int64_t bytes) const {
  char* next = static_cast<char*>(to);
  while (bytes > 0) {
    const ssize_t got = pread(fd_.get(), next, static_cast<size_t>(bytes), begin);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return PosixError(errno, "read", name_);
    if (got == 0) {
      return absl::DataLossError(absl::StrCat(name_, " was truncated while it was read: it had ", size(),
                                              " bytes and now ends at byte ", begin));
    }
    next += got;
    begin += got;
    bytes -= got;
  }
  return absl::OkStatus();
}

std::string InputFile::Version() const {
  return absl::StrCat(info_.st_dev, ":", info_.st_ino, ":", size(), ":", info_.st_mtim.tv_sec, ".",
                      info_.st_mtim.tv_nsec, ":", info_.st_ctim.tv_sec, ".", info_.st_ctim.tv_nsec);
}

std::string InputFile::Modification() const {
  struct stat now {};
  if (fstat(fd_.get(), &now) != 0) return "";
  if (now.st_size == info_.st_size && SameTime(now.st_mtim, info_.st_mtim)) return "";
  return absl::StrCat(name_, " was modified while it was read (it had ", size(), " bytes and now has ",
                      static_cast<int64_t>(now.st_size), "): the data read may be old or new");
}

std::string InputFile::Change() const {
  if (std::string modification = Modification(); !modification.empty()) return modification;
  if (path_.empty()) return "";
  const absl::StatusOr<FileDescriptor> named = path_.Open(O_PATH);
  struct stat now {};
  if (!named.ok() || fstat(named->get(), &now) != 0) return "";  // removed: the open file is unaffected
  if (now.st_dev == info_.st_dev && now.st_ino == info_.st_ino) return "";
  return absl::StrCat(name_, " was replaced by another file while it was read: the data read is that of the old file");
}

}  // namespace recurve
