// SPDX-License-Identifier: Apache-2.0
//
// --svg and --html: where pictures are written to.
#ifndef RECURVE_CLIENT_CLI_PICTURE_FILES_H_
#define RECURVE_CLIENT_CLI_PICTURE_FILES_H_

#include <string>

#include "absl/status/status.h"

namespace recurve {

struct PictureFiles {
  std::string svg, html;  // paths; empty: not wanted; "-": standard output, in place of the text of the command

  bool wanted() const { return !svg.empty() || !html.empty(); }
  bool to_stdout() const { return svg == "-" || html == "-"; }
};

// INVALID_ARGUMENT when more than one thing is to go to standard output; `json` is one.
absl::Status CheckPictureFiles(const PictureFiles& files, bool json);

// Writes a picture whole or not at all; a file that is there is replaced. Errors as of AtomicFile.
absl::Status WritePicture(const std::string& path, const std::string& picture);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_PICTURE_FILES_H_
