// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PARTIAL_FILE_H_
#define RECURVE_CLIENT_PARTIAL_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace recurve {

// A file that arrives in parts, perhaps over several runs of a program. It grows as <path>.download, which stays until
// Commit or Remove, and takes the place of `path` once it is complete. Locked against other processes. Not thread-safe.
class PartialFile {
 public:
  // Opens what an earlier run has left, or an empty file. Symbolic links of `path` are followed. Errors: as PosixError;
  // INVALID_ARGUMENT if `path` is not a regular file; FAILED_PRECONDITION if another process is writing it.
  static absl::StatusOr<PartialFile> Open(const std::string& path);
  ~PartialFile();
  PartialFile(PartialFile&& other) noexcept;
  PartialFile& operator=(PartialFile&&) = delete;

  const std::string& name() const { return temporary_; }
  int64_t size() const { return size_; }  // bytes so far

  absl::Status Append(std::string_view bytes);
  absl::Status Clear();  // drops all bytes
  absl::StatusOr<std::string> Sha256() const;
  // Makes the bytes durable and moves the file to its path.
  absl::Status Commit();
  void Remove();  // leaves nothing

 private:
  PartialFile(std::string path, std::string temporary, int fd, int64_t size);

  std::string path_;       // with links resolved
  std::string temporary_;  // in the same directory
  int fd_;                 // -1: moved from
  int64_t size_;
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_PARTIAL_FILE_H_
