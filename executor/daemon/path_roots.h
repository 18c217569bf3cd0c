// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_PATH_ROOTS_H_
#define RECURVE_EXECUTOR_DAEMON_PATH_ROOTS_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/data/file_path.h"
#include "executor/job/job_spec.h"

namespace recurve {

// The directories that jobs may read data from and write models to. Immutable, hence thread-safe.
//
//   absl::StatusOr<PathRoots> roots = PathRoots::Resolve("/srv/data", "/srv/models");
//   absl::StatusOr<JobSpec> confined = roots->Confine(spec);  // whatever opens its files stays in the directories
class PathRoots {
 public:
  // An empty root allows any path. INVALID_ARGUMENT, naming the root, if it is not a directory.
  static absl::StatusOr<PathRoots> Resolve(const std::string& data_root, const std::string& model_root);

  // Returns the specification with the directories that its paths must not leave. Looks only at the text of the paths:
  // PERMISSION_DENIED, naming the root, if it leads out. Without a root, paths must be absolute (INVALID_ARGUMENT).
  absl::StatusOr<JobSpec> Confine(JobSpec spec) const;

  // Also allows data in this directory, which must exist.
  absl::Status AllowData(const std::string& directory);

  // Null: any path.
  PathRoots(std::shared_ptr<const AllowedDirectories> data, std::shared_ptr<const AllowedDirectories> models)
      : data_(std::move(data)), models_(std::move(models)) {}
  const std::shared_ptr<const AllowedDirectories>& data() const { return data_; }
  const std::shared_ptr<const AllowedDirectories>& models() const { return models_; }

 private:
  PathRoots() = default;

  std::shared_ptr<const AllowedDirectories> data_;
  std::shared_ptr<const AllowedDirectories> models_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_PATH_ROOTS_H_
