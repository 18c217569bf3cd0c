// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_PATH_ROOTS_H_
#define RECURVE_EXECUTOR_DAEMON_PATH_ROOTS_H_

#include <string>

#include "absl/status/statusor.h"
#include "executor/job/job_spec.h"

namespace recurve {

// The directories that jobs may read data from and write models to. Immutable.
//
//   absl::StatusOr<PathRoots> roots = PathRoots::Resolve("/srv/data", "/srv/models");
//   absl::StatusOr<JobSpec> confined = roots->Confine(spec);  // its paths are absolute and free of links and ".."
class PathRoots {
 public:
  // Empty: anywhere. INVALID_ARGUMENT naming the root when it is not a directory.
  static absl::StatusOr<PathRoots> Resolve(const std::string& data_root, const std::string& model_root);

  // The specification with the paths that are to be used. Below a root, a relative path starts there, symbolic links
  // and ".." are followed before it is looked at where they lead, and the model is not saved through a link:
  // PERMISSION_DENIED naming the root when a path leads out of it, whether or not there is anything at its end. Without
  // a root a path stays as it is, for the kernel to follow, and must be absolute: INVALID_ARGUMENT.
  absl::StatusOr<JobSpec> Confine(JobSpec spec) const;

 private:
  std::string data_root_;  // absolute, no links; empty: anywhere
  std::string model_root_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_PATH_ROOTS_H_
