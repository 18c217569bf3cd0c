// SPDX-License-Identifier: Apache-2.0
#include "executor/data/file_system.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "executor/data/atomic_file.h"
#include "executor/data/posix_error.h"

namespace recurve {
namespace {

class PosixFile final : public WritableFile {
 public:
  PosixFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  ~PosixFile() override { close(fd_); }

  absl::Status Write(const void* data, int64_t size) override { return WriteAll(fd_, data, size, path_); }
  absl::Status Sync() override { return fsync(fd_) == 0 ? absl::OkStatus() : PosixError(errno, "sync", path_); }

 private:
  const std::string path_;
  const int fd_;
};

class PosixFileSystem final : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0) return PosixError(errno, "create", path);
    return std::make_unique<PosixFile>(path, fd);
  }
  absl::StatusOr<std::unique_ptr<WritableFile>> Append(const std::string& path) override {
    const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return PosixError(errno, "open", path);
    return std::make_unique<PosixFile>(path, fd);
  }
  absl::Status MakeDirectory(const std::string& path) override {
    if (mkdir(path.c_str(), 0700) == 0) return absl::OkStatus();
    const int error = errno;
    std::error_code ignored;
    if (error == EEXIST && std::filesystem::is_directory(path, ignored)) return absl::OkStatus();
    return PosixError(error, "create directory", path);
  }
  absl::Status SyncDirectory(const std::string& path) override { return recurve::SyncDirectory(path); }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    return rename(from.c_str(), to.c_str()) == 0 ? absl::OkStatus() : PosixError(errno, "rename " + from + " to", to);
  }
  absl::Status RemoveTree(const std::string& path) override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    return error ? PosixError(error.value(), "remove", path) : absl::OkStatus();
  }
};

}  // namespace

FileSystem& RealFileSystem() {
  static PosixFileSystem file_system;
  return file_system;
}

}  // namespace recurve
