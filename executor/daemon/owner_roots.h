// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_OWNER_ROOTS_H_
#define RECURVE_EXECUTOR_DAEMON_OWNER_ROOTS_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "executor/daemon/path_roots.h"

namespace recurve {

struct OwnerRootsOptions {
  std::string data_root;   // as for PathRoots
  std::string model_root;  // as for PathRoots
  std::string uploads;     // the directory of OwnedUploads, in `state`
  bool apart = false;      // whether each owner has roots of its own, because callers have an identity
  std::string state;       // the state directory, which has the models of owners who are apart without a root of models
};

// The directories in which the jobs of an owner may read and save. All owners share them, unless they are kept apart:
// then a job saves only below the owner's folder in the root of models (OwnerFolder), and reads, apart from the root of
// data, only what its owner has uploaded. Immutable, hence thread-safe.
class OwnerRoots {
 public:
  // The directory of uploads must exist. INVALID_ARGUMENT, naming the root, if it is not a directory, or if owners are
  // apart and it contains the state directory, or the root of data contains that of models: they have files of all
  // owners.
  static absl::StatusOr<OwnerRoots> Resolve(OwnerRootsOptions options);

  // The roots for a job of `owner`. Creates the folders of the owner. Errors: as PosixError and PathRoots::Resolve.
  absl::StatusOr<PathRoots> Of(const std::string& owner) const;

  // Where the models of an owner are, if owners are kept apart; else empty.
  std::string ModelsOf(const std::string& owner) const;

 private:
  OwnerRoots(OwnerRootsOptions options, PathRoots shared) : options_(std::move(options)), shared_(std::move(shared)) {}

  OwnerRootsOptions options_;
  PathRoots shared_;  // of all owners, unless they are kept apart
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_OWNER_ROOTS_H_
