// SPDX-License-Identifier: Apache-2.0
//
// --svg and --html: where pictures are written to.
#ifndef RECURVE_CLIENT_CLI_PICTURE_FILES_H_
#define RECURVE_CLIENT_CLI_PICTURE_FILES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/output_file.h"
#include "executor/data/file_identity.h"

namespace recurve {

struct PictureFiles {
  std::string svg, html;  // paths; empty: not wanted; "-": standard output, in place of the text of the command

  bool wanted() const { return !svg.empty() || !html.empty(); }
  bool to_stdout() const { return svg == "-" || html == "-"; }
};

// INVALID_ARGUMENT when more than one thing is to go to standard output, of which `json` is one, or when a picture
// would be written over one of the `inputs` of the command, over another picture or over a file of another kind.
absl::Status CheckPictureFiles(const PictureFiles& files, bool json, const std::vector<NamedFile>& inputs = {});

// Writes a picture as OutputFile does. Errors as of OutputFile.
absl::Status WritePicture(const std::string& path, const OutputKind& kind, const std::string& picture);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_PICTURE_FILES_H_
