// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DATA_INPUT_FILE_H_
#define RECURVE_EXECUTOR_DATA_INPUT_FILE_H_

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace recurve {

// Asked again and again while something takes long; true ends it with CANCELLED. Empty: never.
using StopCheck = std::function<bool()>;

// CANCELLED if `stop` says so.
absl::Status CheckStop(const StopCheck& stop);

// A regular file that is open for reading. It is read and never mapped, so that a file that another process truncates
// is an error of one call and not the end of the process. Thread-safe.
class InputFile {
 public:
  // NOT_FOUND, PERMISSION_DENIED, or INVALID_ARGUMENT for what is not a regular file.
  static absl::StatusOr<std::unique_ptr<InputFile>> Open(const std::string& path);
  // What is on standard input, up to its end. What is not a regular file is first copied to a temporary one, which has
  // no name and is gone with this object. RESOURCE_EXHAUSTED when there is no room for it.
  static absl::StatusOr<std::unique_ptr<InputFile>> OpenStandardInput(const StopCheck& stop);
  // Standard input for "-", else the file with this path.
  static absl::StatusOr<std::unique_ptr<InputFile>> OpenArgument(const std::string& path, const StopCheck& stop);

  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& name() const { return name_; }                     // its path, or "standard input"
  int64_t size() const { return static_cast<int64_t>(info_.st_size); }  // in bytes, when it was opened

  // Reads bytes [begin, begin + bytes), which must lie within `size`. DATA_LOSS when the file has become shorter.
  absl::Status Read(int64_t begin, void* to, int64_t bytes) const;

  // Whether the file was written to since it was opened, or another one has its path now: a sentence that says so, or
  // nothing.
  std::string Change() const;

 private:
  InputFile(std::string name, std::string path, int fd, const struct stat& info)
      : name_(std::move(name)), path_(std::move(path)), fd_(fd), info_(info) {}
  static absl::StatusOr<std::unique_ptr<InputFile>> Own(int fd, const std::string& name, const std::string& path);

  const std::string name_;
  const std::string path_;  // empty: it has none
  const int fd_;
  const struct stat info_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DATA_INPUT_FILE_H_
