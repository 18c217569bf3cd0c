// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_FILE_UPLOAD_H_
#define RECURVE_CLIENT_CLI_FILE_UPLOAD_H_

#include <chrono>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/progress_line.h"
#include "client/executor_client.h"
#include "client/file_transfer.h"

namespace recurve {

// The progress of a transfer, as a line on stderr if that is a terminal; nothing stays of it.
class TransferLine {
 public:
  // `what` was done with the bytes: "uploaded".
  explicit TransferLine(std::string what) : what_(std::move(what)), line_(stderr) {}
  ~TransferLine() { line_.Clear(); }

  TransferProgress progress();  // must not outlive this

 private:
  const std::string what_;
  ProgressLine line_;
  std::chrono::steady_clock::time_point shown_;
};

struct UploadedFile {
  std::string path;  // on the daemon's machine
  executor::v1::FileDescription description;
};

// Uploads the file at a path given by the user, with its progress. With `unique_name`, the name there begins with the
// file's SHA-256, so that it replaces no other file. Errors: as InputFile and UploadFile.
absl::StatusOr<UploadedFile> UploadFromPath(ExecutorClient& executor, FilePurpose purpose, const std::string& path,
                                            bool unique_name = false);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_FILE_UPLOAD_H_
