// SPDX-License-Identifier: Apache-2.0
#include "client/cli/picture_files.h"

#include "planner_service/status/status_macros.h"

namespace recurve {

absl::Status CheckPictureFiles(const PictureFiles& files, bool json, const std::vector<NamedFile>& inputs) {
  if ((files.svg == "-") + (files.html == "-") + json > 1 && files.to_stdout()) {
    return absl::InvalidArgumentError("only one of --svg -, --html - and --json can use standard output");
  }
  const auto file = [](const std::string& path) { return path == "-" ? std::string() : path; };
  RETURN_IF_ERROR(CheckDistinct(inputs, {{"--svg", file(files.svg)}, {"--html", file(files.html)}}));
  RETURN_IF_ERROR(CheckReplaceable(files.svg, kSvgPicture));
  return CheckReplaceable(files.html, kHtmlPage);
}

absl::Status WritePicture(const std::string& path, const OutputKind& kind, const std::string& picture) {
  ASSIGN_OR_RETURN(OutputFile file, OutputFile::Open(path, kind));
  RETURN_IF_ERROR(file.Write(picture));
  return file.Finish();
}

}  // namespace recurve
