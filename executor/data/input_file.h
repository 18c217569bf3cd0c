// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DATA_INPUT_FILE_H_
#define RECURVE_EXECUTOR_DATA_INPUT_FILE_H_

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/data/file_path.h"

namespace recurve {

// Polled during long work; returning true cancels it (CANCELLED). Empty: never cancelled.
using StopCheck = std::function<bool()>;

// Returns CANCELLED if `stop` returns true.
absl::Status CheckStop(const StopCheck& stop);

// A regular file open for reading. It is never mapped, so that truncation by another process is an error rather than a
// crash. Thread-safe.
class InputFile {
 public:
  // Errors: NOT_FOUND, PERMISSION_DENIED, or INVALID_ARGUMENT if it is not a regular file.
  static absl::StatusOr<std::unique_ptr<InputFile>> Open(const FilePath& path);
  // The file at a place, which must not be a link. `path` is the one that led there.
  static absl::StatusOr<std::unique_ptr<InputFile>> OpenAt(const FilePlace& place, const FilePath& path);
  // Standard input up to its end. Input other than a regular file is first copied to an unnamed temporary file, which
  // is deleted with this object. RESOURCE_EXHAUSTED if there is insufficient space for it.
  static absl::StatusOr<std::unique_ptr<InputFile>> OpenStandardInput(const StopCheck& stop);
  // Standard input for "-", otherwise the file at `path`.
  static absl::StatusOr<std::unique_ptr<InputFile>> OpenArgument(const std::string& path, const StopCheck& stop);

  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& name() const { return name_; }                     // its path, or "standard input"
  int64_t size() const { return static_cast<int64_t>(info_.st_size); }  // in bytes, when opened

  // Reads bytes [begin, begin + bytes), which must lie within `size`. DATA_LOSS if the file has been truncated.
  absl::Status Read(int64_t begin, void* to, int64_t bytes) const;

  // A text that names this content of this file: it differs for another file, and once this file is modified.
  std::string Version() const;

  // A description of how the file was modified since it was opened. Empty if it was not, even if its path names another
  // file now.
  std::string Modification() const;

  // A description of how the file changed since it was opened: it was modified, or its path names another file now.
  // Empty if it did not change.
  std::string Change() const;

 private:
  InputFile(std::string name, FilePath path, FileDescriptor fd, const struct stat& info)
      : name_(std::move(name)), path_(std::move(path)), fd_(std::move(fd)), info_(info) {}
  static absl::StatusOr<std::unique_ptr<InputFile>> Own(FileDescriptor fd, const std::string& name,
                                                        const FilePath& path);

  const std::string name_;
  const FilePath path_;  // empty: none
  const FileDescriptor fd_;
  const struct stat info_;
};

// Files that several readers share.
using InputFiles = std::vector<std::shared_ptr<const InputFile>>;

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DATA_INPUT_FILE_H_
