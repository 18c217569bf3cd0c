// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DATA_ATOMIC_FILE_H_
#define RECURVE_EXECUTOR_DATA_ATOMIC_FILE_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/data/file_descriptor.h"
#include "executor/data/file_path.h"
#include "executor/data/input_file.h"

namespace recurve {

// Writes a file under a temporary name in the same directory and renames it once all of it is on disk, so that readers
// see either the old file or the new one. Recurve writes all its files this way. Without Commit nothing is left; a
// killed process leaves `<name>.tmp-<n>`, which the next writer of the same file removes.
//
// Everything happens in the directory that the path led to at first, even if that is renamed meanwhile. Symbolic links
// are followed and kept, except as FilePlace::Find refuses them. A replaced file keeps its mode, and its owner and
// group as far as the process is permitted to set them. Exceeding the file size limit (ulimit -f) makes the write fail:
// from the first Create on, the process ignores SIGXFSZ. Not thread-safe, but any number of threads and processes may
// write the same file at once, each with its own object.
//
//   absl::StatusOr<AtomicFile> file = AtomicFile::Create(path);
//   file->Write(data, size);   // any number of times
//   file->Commit();
class AtomicFile {
 public:
  // Errors: INVALID_ARGUMENT for an empty path or one that names something other than a regular file, such as a
  // directory or a device; NOT_FOUND if its directory is missing; PERMISSION_DENIED if it or its directory is not
  // writable, or the path leaves its allowed directories or ends in a link there; UNAVAILABLE if too many writers are
  // active.
  static absl::StatusOr<AtomicFile> Create(const FilePath& path);
  ~AtomicFile();
  AtomicFile(AtomicFile&& other) = default;
  AtomicFile& operator=(AtomicFile&&) = delete;

  // The file that Commit would replace now; null if there is none. Errors: as InputFile::Open.
  absl::StatusOr<std::unique_ptr<InputFile>> Replaced() const;

  // Checks whether a file of `bytes` could be written now, as far as the file system can tell: RESOURCE_EXHAUSTED if
  // there is insufficient space, OUT_OF_RANGE if files may not be that large. Discards what has been written.
  absl::Status CheckRoom(int64_t bytes);
  absl::Status Write(const void* data, int64_t size);
  absl::Status Commit();

 private:
  AtomicFile(FilePath path, FilePlace target, std::string temporary, FileDescriptor fd);

  FilePath path_;          // as given
  FilePlace target_;       // with links resolved
  std::string temporary_;  // its name, in the same directory
  FileDescriptor fd_;      // none: committed, or moved from
};

// Writes all of `data` to an open file. `path` is for error messages.
absl::Status WriteAll(int fd, const void* data, int64_t size, const std::string& path);

// Makes the names in a directory durable.
absl::Status SyncDirectory(const std::string& directory);

// Writes `bytes` as the file at `path`. Errors: as AtomicFile.
absl::Status WriteFileAtomically(const FilePath& path, std::string_view bytes);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DATA_ATOMIC_FILE_H_
