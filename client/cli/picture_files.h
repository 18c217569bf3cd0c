// SPDX-License-Identifier: Apache-2.0
//
// --svg and --html: files for pictures.
#ifndef RECURVE_CLIENT_CLI_PICTURE_FILES_H_
#define RECURVE_CLIENT_CLI_PICTURE_FILES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/output_file.h"
#include "executor/data/file_identity.h"

namespace recurve {

struct PictureFiles {
  std::string svg, html;  // paths; empty: not wanted; "-": standard output, instead of the command's text

  bool wanted() const { return !svg.empty() || !html.empty(); }
  bool to_stdout() const { return svg == "-" || html == "-"; }
};

// INVALID_ARGUMENT if more than one output, including `json`, is for standard output, or if a picture would overwrite
// one of the `inputs` of the command, the other picture or a file of another kind.
absl::Status CheckPictureFiles(const PictureFiles& files, bool json, const std::vector<NamedFile>& inputs = {});

// Writes a picture as OutputFile does. Errors as of OutputFile.
absl::Status WritePicture(const std::string& path, const OutputKind& kind, const std::string& picture);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_PICTURE_FILES_H_
