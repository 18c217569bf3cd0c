// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/owner_roots.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "executor/data/posix_error.h"
#include "executor/transfers/owned_uploads.h"
#include "executor/transfers/owner_folder.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  return error ? PosixError(error.value(), "create", path) : absl::OkStatus();
}

// Refuses a root that contains a directory with files of all owners.
absl::Status CheckWithout(const char* flag, const std::string& root, const std::string& directory) {
  if (root.empty() || directory.empty()) return absl::OkStatus();
  std::error_code error;
  const fs::path outer = fs::canonical(root, error);
  const fs::path inner = error ? fs::path() : fs::canonical(directory, error);
  if (error) return PosixError(error.value(), "open", root);
  if (std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first != outer.end()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(flag, " ", root, " contains ", directory,
                                                 ", which has files of all owners; give a directory without it"));
}

}  // namespace

absl::StatusOr<OwnerRoots> OwnerRoots::Resolve(OwnerRootsOptions options) {
  ASSIGN_OR_RETURN(PathRoots shared, PathRoots::Resolve(options.data_root, options.model_root));
  RETURN_IF_ERROR(shared.AllowData(OwnedUploads::DataOf(options.uploads, "")));
  if (options.apart) {
    RETURN_IF_ERROR(CheckWithout("--data-root", options.data_root, options.state));
    RETURN_IF_ERROR(CheckWithout("--data-root", options.data_root, options.model_root));
    RETURN_IF_ERROR(CheckWithout("--model-root", options.model_root, options.state));
    if (options.model_root.empty()) options.model_root = options.state + "/models";
  }
  return OwnerRoots(std::move(options), std::move(shared));
}

std::string OwnerRoots::ModelsOf(const std::string& owner) const {
  // A job without an owner is older than the identities of callers.
  if (!options_.apart) return "";
  return owner.empty() ? options_.model_root : options_.model_root + "/" + OwnerFolder(owner);
}

absl::StatusOr<PathRoots> OwnerRoots::Of(const std::string& owner) const {
  if (!options_.apart) return shared_;
  const std::string uploads = OwnedUploads::DataOf(options_.uploads, owner);
  RETURN_IF_ERROR(MakeFolder(uploads));
  RETURN_IF_ERROR(MakeFolder(ModelsOf(owner)));
  ASSIGN_OR_RETURN(PathRoots roots,
                   PathRoots::Resolve(options_.data_root.empty() ? uploads : options_.data_root, ModelsOf(owner)));
  RETURN_IF_ERROR(roots.AllowData(uploads));
  return roots;
}

}  // namespace recurve
