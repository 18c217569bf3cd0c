// SPDX-License-Identifier: Apache-2.0
#include "client/cli/picture_files.h"

#include <cstdio>

#include "executor/data/atomic_file.h"

namespace recurve {

absl::Status CheckPictureFiles(const PictureFiles& files, bool json) {
  if ((files.svg == "-") + (files.html == "-") + json > 1 && files.to_stdout()) {
    return absl::InvalidArgumentError("only one of --svg -, --html - and --json can have standard output");
  }
  return absl::OkStatus();
}

absl::Status WritePicture(const std::string& path, const std::string& picture) {
  if (path == "-") {
    const bool written = std::fwrite(picture.data(), 1, picture.size(), stdout) == picture.size();
    return written && std::fflush(stdout) == 0 ? absl::OkStatus()
                                               : absl::DataLossError("cannot write to standard output");
  }
  absl::StatusOr<AtomicFile> file = AtomicFile::Create(path);
  if (!file.ok()) return file.status();
  if (absl::Status status = file->Write(picture.data(), static_cast<int64_t>(picture.size())); !status.ok()) {
    return status;
  }
  return file->Commit();
}

}  // namespace recurve
