// SPDX-License-Identifier: Apache-2.0
#include "client/cli/picture_files.h"

#include "client/cli/output_file.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

absl::Status CheckPictureFiles(const PictureFiles& files, bool json, const std::vector<NamedFile>& inputs) {
  if ((files.svg == "-") + (files.html == "-") + json > 1 && files.to_stdout()) {
    return absl::InvalidArgumentError("only one of --svg -, --html - and --json can have standard output");
  }
  const auto file = [](const std::string& path) { return path == "-" ? std::string() : path; };
  return CheckDistinct(inputs, {{"--svg", file(files.svg)}, {"--html", file(files.html)}});
}

absl::Status WritePicture(const std::string& path, const std::string& picture) {
  ASSIGN_OR_RETURN(OutputFile file, OutputFile::Open(path));
  absl::Status status = file.Write(picture);
  return status.ok() ? file.Finish() : status;
}

}  // namespace recurve
