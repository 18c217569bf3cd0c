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

// Writes a file under a temporary name beside it and gives it its name when all of it is on the disk: whoever looks
// sees the old file or the new one. Every file that Recurve writes is written by this. Without Commit nothing is left;
// a process that is killed leaves `<name>.tmp-<n>`, which the next writer of the same file removes.
//
// A symbolic link is followed and stays, unless it is to be refused. A file that is replaced keeps its mode, and its
// owner and group as far as the process may give files away. A limit on the size of files (ulimit -f) is an error of
// the write: from the first Create on the process ignores SIGXFSZ. Not thread-safe; any number of threads and processes
// may write the same file at once.
//
//   absl::StatusOr<AtomicFile> file = AtomicFile::Create(path);
//   file->Write(data, size);   // any number of times
//   file->Commit();
class AtomicFile {
 public:
  // What a path does whose last part is a symbolic link.
  enum class Links : uint8_t { kFollow, kRefuse };

  // INVALID_ARGUMENT for an empty path or one that names something other than a regular file, such as a directory or a
  // device; NOT_FOUND or PERMISSION_DENIED when its directory is missing, or it or its directory may not be written to,
  // or for a link that is refused.
  static absl::StatusOr<AtomicFile> Create(const std::string& path, Links links = Links::kFollow);
  ~AtomicFile();
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;

  // Whether a file of so many bytes could be written now, as far as the file system can say: RESOURCE_EXHAUSTED when it
  // is too full for it, OUT_OF_RANGE when files may not be so large. Drops what has been written.
  absl::Status CheckRoom(int64_t bytes);
  absl::Status Write(const void* data, int64_t size);
  absl::Status Commit();

 private:
  AtomicFile(std::string path, std::string target, std::string temporary, int fd);

  std::string path_;       // as it was given
  std::string target_;     // the file that it leads to
  std::string temporary_;  // beside the target
  int fd_;                 // -1: committed, or moved from
};

// All of `bytes` as the file at `path`.
absl::Status WriteFileAtomically(const std::string& path, std::string_view bytes);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DATA_ATOMIC_FILE_H_
