// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DATA_ATOMIC_FILE_H_
#define RECURVE_EXECUTOR_DATA_ATOMIC_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace recurve {

// Writes a file under a temporary name beside it and gives it its name when all of it is on the disk. Without Commit,
// nothing is left. Not thread-safe.
//
//   absl::StatusOr<AtomicFile> file = AtomicFile::Create(path);
//   file->Write(data, size);   // any number of times
//   file->Commit();
class AtomicFile {
 public:
  // INVALID_ARGUMENT for an empty path or one that names something other than a regular file, such as a directory or a
  // device; NOT_FOUND or PERMISSION_DENIED when its directory is missing or may not be written to.
  static absl::StatusOr<AtomicFile> Create(const std::string& path);
  ~AtomicFile();
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;

  absl::Status Write(const void* data, int64_t size);
  absl::Status Commit();

 private:
  AtomicFile(std::string path, std::string temporary, int fd);
  std::string path_, temporary_;
  int fd_;  // -1: committed, or moved from
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DATA_ATOMIC_FILE_H_
