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

// What an output is, which is known by how its files begin.
struct OutputKind {
  const char* name;
  std::string_view begin;
};
inline constexpr OutputKind kSvgPicture{"SVG picture", "<svg "};
inline constexpr OutputKind kHtmlPage{"HTML page", "<!doctype html>"};
inline constexpr OutputKind kScheduleFile{"schedule", R"({"format":"recurve-schedule")"};
inline constexpr OutputKind kLossTable{"table of losses", "step,train_loss,"};

// A file is replaced by one of its kind only, as a model replaces only a model: INVALID_ARGUMENT for a file at `path`
// that is not empty and begins in another way. Paths that are empty, "-", a pipe or a device are always good.
absl::Status CheckReplaceable(const std::string& path, const OutputKind& kind);

// Where a command writes a result that the user named a file for. A file is replaced whole by Finish or stays as it was
// (AtomicFile). A pipe or a device, and standard output for "-", get what is written as it comes; waiting for the
// reader of a pipe ends with CANCELLED when the user interrupts.
//
//   absl::StatusOr<OutputFile> file = OutputFile::Open(path, kSvgPicture);
//   file->Write(text);   // any number of times
//   file->Finish();
class OutputFile {
 public:
  // Errors as of CheckReplaceable and AtomicFile::Create.
  static absl::StatusOr<OutputFile> Open(const std::string& path, const OutputKind& kind);
  // A file that grows in place from nothing, so that it can be followed.
  static absl::StatusOr<OutputFile> OpenToGrow(const std::string& path, const OutputKind& kind);

  absl::Status Write(std::string_view text);
  absl::Status Flush();  // what was written can be read now, but for a file that is replaced whole
  absl::Status Finish();

 private:
  struct Closer {
    void operator()(std::FILE* stream) const {
      if (stream != stdout) std::fclose(stream);
    }
  };

  explicit OutputFile(std::string path) : path_(std::move(path)) {}
  absl::Status OpenStream(int flags);
  absl::Status WriteToStream(std::string_view text);
  absl::Status CannotWrite() const;  // for the reason in errno

  std::string path_;
  std::string buffer_;              // not written yet
  std::optional<AtomicFile> file_;  // or else:
  std::unique_ptr<std::FILE, Closer> stream_;
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_OUTPUT_FILE_H_
