// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/owner_roots.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "executor/transfers/owned_uploads.h"
#include "executor/transfers/owner_folder.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;

struct Place {
  const char* name;
  const std::string& path;
};

// Whether `outer` is `inner` or contains it. Parts that do not exist contain nothing else.
bool Contains(const std::string& outer, const std::string& inner) {
  const auto resolve = [](const std::string& path) {
    std::error_code error;
    fs::path resolved = fs::weakly_canonical(path, error);
    if (error) resolved = fs::absolute(path, error).lexically_normal();
    return resolved.has_filename() ? resolved : resolved.parent_path();  // without '/' at the end
  };
  const fs::path outside = resolve(outer);
  const fs::path inside = resolve(inner);
  return std::mismatch(outside.begin(), outside.end(), inside.begin(), inside.end()).first == outside.end();
}

absl::Status CheckContainsNot(const Place& outer, const Place& inner) {
  if (outer.path.empty() || inner.path.empty() || !Contains(outer.path, inner.path)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(outer.name, " ", outer.path, " contains ", inner.name, " ", inner.path,
                   "; where callers have an identity, the roots and the state directory must not contain each other, "
                   "because they have files of all owners"));
}

}  // namespace

absl::Status OwnerRoots::Check(const OwnerRootsOptions& options) {
  if (!options.apart) return absl::OkStatus();
  const Place places[] = {
      {"--data-root", options.data_root}, {"--model-root", options.model_root}, {"the state directory", options.state}};
  for (const Place& outer : places) {
    for (const Place& inner : places) {
      if (&outer != &inner) RETURN_IF_ERROR(CheckContainsNot(outer, inner));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<OwnerRoots> OwnerRoots::Resolve(OwnerRootsOptions options) {
  RETURN_IF_ERROR(Check(options));
  if (!options.apart) {
    ASSIGN_OR_RETURN(PathRoots roots, PathRoots::Resolve(options.data_root, options.model_root));
    RETURN_IF_ERROR(roots.AllowData(OwnedUploads::DataOf(options.uploads, "")));
    return OwnerRoots(std::move(roots), nullptr);
  }
  ASSIGN_OR_RETURN(auto uploads, AllowedDirectories::Open("--data-root", options.uploads));
  if (!options.model_root.empty()) {
    ASSIGN_OR_RETURN(PathRoots roots, PathRoots::Resolve(options.data_root, options.model_root));
    return OwnerRoots(std::move(roots), std::move(uploads));
  }
  ASSIGN_OR_RETURN(const PathRoots roots, PathRoots::Resolve(options.data_root, options.state));
  ASSIGN_OR_RETURN(auto models, roots.models()->Below("models"));
  return OwnerRoots(PathRoots(roots.data(), std::move(models)), std::move(uploads));
}

absl::StatusOr<std::shared_ptr<const AllowedDirectories>> OwnerRoots::ModelsOf(const std::string& owner) const {
  if (uploads_ == nullptr) return nullptr;
  // A job without an owner, whose folder has no name, is older than the identities of callers.
  return roots_.models()->Below(OwnerFolder(owner));
}

absl::StatusOr<PathRoots> OwnerRoots::Of(const std::string& owner) const {
  if (uploads_ == nullptr) return roots_;
  ASSIGN_OR_RETURN(auto data, uploads_->Below(OwnedUploads::DataOf(".", owner)));
  if (roots_.data() != nullptr) data = roots_.data()->With(*data);
  ASSIGN_OR_RETURN(auto models, ModelsOf(owner));
  return PathRoots(std::move(data), std::move(models));
}

}  // namespace recurve
