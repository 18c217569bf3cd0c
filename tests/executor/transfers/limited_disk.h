// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_EXECUTOR_TRANSFERS_LIMITED_DISK_H_
#define RECURVE_TESTS_EXECUTOR_TRANSFERS_LIMITED_DISK_H_

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "executor/data/file_system.h"
#include "executor/data/posix_error.h"

namespace recurve {

// The file system of this machine with a disk that holds `room` more bytes, and operations that can be made to fail or
// to throw.
class LimitedDisk final : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    return Limited(path, RealFileSystem().Create(path));
  }
  absl::StatusOr<std::unique_ptr<WritableFile>> Append(const std::string& path) override {
    return Limited(path, RealFileSystem().Append(path));
  }
  absl::Status MakeDirectory(const std::string& path) override { return RealFileSystem().MakeDirectory(path); }
  absl::Status SyncDirectory(const std::string& path) override { return RealFileSystem().SyncDirectory(path); }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    if (fail_rename) return PosixError(EIO, "rename", from);
    return RealFileSystem().Rename(from, to);
  }
  absl::Status RemoveTree(const std::string& path) override { return RealFileSystem().RemoveTree(path); }

  std::atomic<int64_t> room = INT64_MAX;
  std::atomic<bool> fail_sync = false;
  std::atomic<bool> fail_rename = false;
  std::atomic<bool> throw_on_write = false;

 private:
  class LimitedFile final : public WritableFile {
   public:
    LimitedFile(LimitedDisk& disk, std::string path, std::unique_ptr<WritableFile> file)
        : disk_(disk), path_(std::move(path)), file_(std::move(file)) {}

    // As the kernel: what there is room for is written.
    absl::Status Write(const void* data, int64_t size) override {
      if (disk_.throw_on_write) throw std::bad_alloc();
      const int64_t fits = std::min(size, disk_.room.load());
      disk_.room -= fits;
      const absl::Status status = file_->Write(data, fits);
      return fits == size ? status : PosixError(ENOSPC, "write", path_);
    }
    absl::Status Sync() override { return disk_.fail_sync ? PosixError(EIO, "sync", path_) : file_->Sync(); }

   private:
    LimitedDisk& disk_;
    const std::string path_;
    const std::unique_ptr<WritableFile> file_;
  };

  absl::StatusOr<std::unique_ptr<WritableFile>> Limited(const std::string& path,
                                                        absl::StatusOr<std::unique_ptr<WritableFile>> file) {
    if (!file.ok()) return file.status();
    return std::make_unique<LimitedFile>(*this, path, *std::move(file));
  }
};

}  // namespace recurve

#endif  // RECURVE_TESTS_EXECUTOR_TRANSFERS_LIMITED_DISK_H_
