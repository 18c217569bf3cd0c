// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DATA_ATOMIC_FILE_H_
#define RECURVE_EXECUTOR_DATA_ATOMIC_FILE_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace recurve {

// Writes a file under a temporary name in the same directory and renames it once all of it is on disk, so that readers
// see either the old file or the new one. Recurve writes all its files this way. Without Commit nothing is left; a
// killed process leaves `<name>.tmp-<n>`, which the next writer of the same file removes.
//
// Symbolic links are followed and kept, unless refused. A replaced file keeps its mode, and its owner and group as far
// as the process is permitted to set them. Exceeding the file size limit (ulimit -f) makes the write fail: from the
// first Create on, the process ignores SIGXFSZ. Not thread-safe, but any number of threads and processes may write the
// same file at once, each with its own object.
//
//   absl::StatusOr<AtomicFile> file = AtomicFile::Create(path);
//   file->Write(data, size);   // any number of times
//   file->Commit();
class AtomicFile {
 public:
  // How to treat a path whose last component is a symbolic link.
  enum class Links : uint8_t { kFollow, kRefuse };

  // Errors: INVALID_ARGUMENT for an empty path or one that names something other than a regular file, such as a
  // directory or a device; NOT_FOUND if its directory is missing; PERMISSION_DENIED if it or its directory is not
  // writable, or for a refused link; UNAVAILABLE if too many writers are active.
  static absl::StatusOr<AtomicFile> Create(const std::string& path, Links links = Links::kFollow);
  ~AtomicFile();
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;

  // Checks whether a file of `bytes` could be written now, as far as the file system can tell: RESOURCE_EXHAUSTED if
  // there is insufficient space, OUT_OF_RANGE if files may not be that large. Discards what has been written.
  absl::Status CheckRoom(int64_t bytes);
  absl::Status Write(const void* data, int64_t size);
  absl::Status Commit();

 private:
  AtomicFile(std::string path, std::string target, std::string temporary, int fd);

  std::string path_;       // as given
  std::string target_;     // with links resolved
  std::string temporary_;  // in the same directory
  int fd_;                 // -1: committed, or moved from
};

// Writes all of `data` to an open file. `path` is for error messages.
absl::Status WriteAll(int fd, const void* data, int64_t size, const std::string& path);

// Makes the names in a directory durable.
absl::Status SyncDirectory(const std::string& directory);

// Writes `bytes` as the file at `path`. Errors: as AtomicFile.
absl::Status WriteFileAtomically(const std::string& path, std::string_view bytes);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DATA_ATOMIC_FILE_H_
