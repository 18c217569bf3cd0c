// SPDX-License-Identifier: Apache-2.0
//
// Which file a path leads to, by the kernel's rules.
#ifndef RECURVE_EXECUTOR_DATA_FILE_IDENTITY_H_
#define RECURVE_EXECUTOR_DATA_FILE_IDENTITY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace recurve {

// The path of the file that opening `path` for writing would write to or make: the symbolic links that its last part
// names are followed, also to a file that is not there yet. INVALID_ARGUMENT when they lead in a circle.
absl::StatusOr<std::string> FollowLinks(const std::string& path);

// Whether both paths lead to one file, through links of either kind and whatever "." and "..": also to one that is not
// there yet, where its directory is. Paths that lead nowhere are the same as no other.
bool IsSameFile(const std::string& a, const std::string& b);

// A file that a job or a command uses, and what its user calls it, such as "--save" or "save_path".
struct NamedFile {
  std::string name;
  std::string path;  // empty: not used
};

// INVALID_ARGUMENT naming both when an output leads to the same file as an input or another output.
absl::Status CheckDistinct(const std::vector<NamedFile>& inputs, const std::vector<NamedFile>& outputs);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DATA_FILE_IDENTITY_H_
