// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_OWNER_ROOTS_H_
#define RECURVE_EXECUTOR_DAEMON_OWNER_ROOTS_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/daemon/path_roots.h"
#include "executor/data/file_path.h"

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
// data, only what its owner has uploaded. The roots are held open from Resolve on. Immutable, hence thread-safe.
class OwnerRoots {
 public:
  // INVALID_ARGUMENT, naming both, if owners are apart but one of the roots and the state directory is in another of
  // these: it would give the files of all owners to each. They need not exist.
  static absl::Status Check(const OwnerRootsOptions& options);

  // The directory of uploads must exist. INVALID_ARGUMENT as Check, or if a root is not a directory, which it names.
  static absl::StatusOr<OwnerRoots> Resolve(OwnerRootsOptions options);

  // The roots for a job of `owner`. Creates the folders of the owner; errors: as AllowedDirectories::Below.
  absl::StatusOr<PathRoots> Of(const std::string& owner) const;

  // The directory with the models of an owner, if owners are kept apart; else null. Created and errors as by Of.
  absl::StatusOr<std::shared_ptr<const AllowedDirectories>> ModelsOf(const std::string& owner) const;

 private:
  OwnerRoots(PathRoots roots, std::shared_ptr<const AllowedDirectories> uploads)
      : roots_(std::move(roots)), uploads_(std::move(uploads)) {}

  PathRoots roots_;                                    // as given; those of all owners, unless they are kept apart
  std::shared_ptr<const AllowedDirectories> uploads_;  // of all owners; null unless they are kept apart
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_OWNER_ROOTS_H_
