// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_OUTPUT_FILE_H_
#define RECURVE_CLIENT_CLI_OUTPUT_FILE_H_

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/data/atomic_file.h"

namespace recurve {

// Where a command writes a result that the user named a file for. A file is replaced whole by Finish or stays as it was
// (AtomicFile). A pipe or a device, and standard output for "-", get what is written as it comes.
//
//   absl::StatusOr<OutputFile> file = OutputFile::Open(path);
//   file->Write(text);   // any number of times
//   file->Finish();
class OutputFile {
 public:
  // Errors as of AtomicFile::Create.
  static absl::StatusOr<OutputFile> Open(const std::string& path);

  absl::Status Write(std::string_view text);
  absl::Status Finish();

 private:
  struct Closer {
    void operator()(std::FILE* stream) const {
      if (stream != stdout) std::fclose(stream);
    }
  };

  explicit OutputFile(std::string path) : path_(std::move(path)) {}
  absl::Status CannotWrite() const;

  std::string path_;
  std::optional<AtomicFile> file_;
  std::string buffer_;  // for the file, not written yet
  std::unique_ptr<std::FILE, Closer> stream_;
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_OUTPUT_FILE_H_
