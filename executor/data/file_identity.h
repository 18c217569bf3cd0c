// SPDX-License-Identifier: Apache-2.0
//
// Which file a path refers to, by the kernel's rules.
#ifndef RECURVE_EXECUTOR_DATA_FILE_IDENTITY_H_
#define RECURVE_EXECUTOR_DATA_FILE_IDENTITY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/data/file_path.h"

namespace recurve {

// The path of the file that opening `path` for writing would write or create: symbolic links in the last component are
// followed, even to a file that does not exist yet. Returns INVALID_ARGUMENT for a cycle of links.
absl::StatusOr<std::string> FollowLinks(const std::string& path);

// Whether both paths refer to the same file, considering hard and symbolic links, "." and "..". The file need not exist
// yet if its directory does. A path that cannot be resolved equals no other path.
bool IsSameFile(const FilePath& a, const FilePath& b);

// A file of a job or a command, and the name of the option that gave it, such as "--save" or "save_path".
struct NamedFile {
  std::string name;
  FilePath path;  // empty: not used
};

// Returns INVALID_ARGUMENT, naming both, if an output is the same file as an input or another output.
absl::Status CheckDistinct(const std::vector<NamedFile>& inputs, const std::vector<NamedFile>& outputs);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DATA_FILE_IDENTITY_H_
