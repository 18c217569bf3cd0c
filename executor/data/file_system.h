// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DATA_FILE_SYSTEM_H_
#define RECURVE_EXECUTOR_DATA_FILE_SYSTEM_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace recurve {

// A file being written. Destroying it closes it. Not thread-safe.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual absl::Status Write(const void* data, int64_t size) = 0;
  virtual absl::Status Sync() = 0;  // returns once all that was written is on disk
};

// The operations through which checkpoints and uploads change files, so that tests can let each of them fail. Errors:
// as PosixError. Thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path) = 0;  // must not exist yet
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> Append(const std::string& path) = 0;  // must exist
  virtual absl::Status MakeDirectory(const std::string& path) = 0;  // for this user alone; OK if it exists
  virtual absl::Status SyncDirectory(const std::string& path) = 0;  // makes the names in it durable
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual absl::Status RemoveTree(const std::string& path) = 0;  // OK if it does not exist
};

// The file system of this machine.
FileSystem& RealFileSystem();

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DATA_FILE_SYSTEM_H_
