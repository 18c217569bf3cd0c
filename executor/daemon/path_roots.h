// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_PATH_ROOTS_H_
#define RECURVE_EXECUTOR_DAEMON_PATH_ROOTS_H_

#include <string>

#include "absl/status/statusor.h"
#include "executor/job/job_spec.h"

namespace recurve {

// The directories that jobs may read data from and write models to. Immutable, hence thread-safe.
//
//   absl::StatusOr<PathRoots> roots = PathRoots::Resolve("/srv/data", "/srv/models");
//   absl::StatusOr<JobSpec> confined = roots->Confine(spec);  // its paths are absolute and free of links and ".."
class PathRoots {
 public:
  // An empty root allows any path. INVALID_ARGUMENT, naming the root, if it is not a directory.
  static absl::StatusOr<PathRoots> Resolve(const std::string& data_root, const std::string& model_root);

  // Returns the specification with the paths to use. With a root, relative paths start there, symbolic links and ".."
  // are resolved, and a model is not saved through a link; PERMISSION_DENIED, naming the root, if a path is outside it,
  // whether or not the file exists. Without a root, paths are unchanged and must be absolute (INVALID_ARGUMENT).
  absl::StatusOr<JobSpec> Confine(JobSpec spec) const;

  // Also allows data in this directory, which must exist.
  absl::Status AllowData(const std::string& directory);

 private:
  std::string data_root_;  // absolute, without links; empty: any path
  std::string model_root_;
  std::string also_data_;  // an additional data root; empty: none
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_PATH_ROOTS_H_
