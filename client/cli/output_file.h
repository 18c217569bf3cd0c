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

// A kind of output, recognized by how its files begin.
struct OutputKind {
  const char* name;  // with its article, for messages
  std::string_view begin;
};
inline constexpr OutputKind kSvgPicture{"an SVG picture", "<svg "};
inline constexpr OutputKind kHtmlPage{"an HTML page", "<!doctype html>"};
inline constexpr OutputKind kScheduleFile{"a schedule", R"({"format":"recurve-schedule")"};
inline constexpr OutputKind kLossTable{"a loss table", "step,train_loss,"};

// An output replaces only a file of the same kind: INVALID_ARGUMENT for a nonempty file at `path` that begins
// differently. An empty path, "-", a pipe and a device are always accepted.
absl::Status CheckReplaceable(const std::string& path, const OutputKind& kind);

// The output of a command to a path given by the user. A file is replaced atomically by Finish or left unchanged
// (AtomicFile). A pipe, a device and, for "-", standard output are written as data arrives; waiting for the reader of a
// pipe ends with CANCELLED when the user interrupts.
//
//   absl::StatusOr<OutputFile> file = OutputFile::Open(path, kSvgPicture);
//   file->Write(text);   // any number of times
//   file->Finish();
class OutputFile {
 public:
  // Errors as of CheckReplaceable and AtomicFile::Create.
  static absl::StatusOr<OutputFile> Open(const std::string& path, const OutputKind& kind);
  // A file that is written in place, so that it can be followed.
  static absl::StatusOr<OutputFile> OpenToGrow(const std::string& path, const OutputKind& kind);

  absl::Status Write(std::string_view text);
  absl::Status Flush();  // makes written data readable, except in a file that is replaced atomically
  absl::Status Finish();
  // Drops everything after the first `bytes` of a file opened by OpenToGrow. The reader of a pipe has it already.
  absl::Status CutTo(int64_t bytes);

 private:
  struct Closer {
    void operator()(std::FILE* stream) const {
      if (stream != stdout) std::fclose(stream);
    }
  };

  explicit OutputFile(std::string path) : path_(std::move(path)) {}
  absl::Status OpenStream(int flags);
  absl::Status WriteToStream(std::string_view text);
  absl::Status CannotWrite() const;  // with errno as the reason

  std::string path_;
  std::string buffer_;              // not written yet
  std::optional<AtomicFile> file_;  // or else:
  std::unique_ptr<std::FILE, Closer> stream_;
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_OUTPUT_FILE_H_
