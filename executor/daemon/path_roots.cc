// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/path_roots.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::string> ResolveRoot(const char* flag, const std::string& root) {
  if (root.empty()) return std::string();
  std::error_code error;
  const fs::path resolved = fs::canonical(root, error);
  if (error) return absl::InvalidArgumentError(absl::StrCat(flag, " ", root, ": ", error.message()));
  if (!fs::is_directory(resolved, error)) {
    return absl::InvalidArgumentError(absl::StrCat(flag, " ", root, " is not a directory"));
  }
  return resolved.string();
}

bool IsBelow(const fs::path& path, const fs::path& root) {
  return std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first == root.end();
}

absl::Status Outside(const char* field, const std::string& path, const std::string& root) {
  return absl::PermissionDeniedError(
      absl::StrCat(field, " ", path, " is outside ", root, ", the only directory that this daemon allows"));
}

// weakly_canonical resolves links in the existing part of the path, and then "..".
absl::StatusOr<fs::path> Follow(const char* field, const std::string& path, const std::string& root) {
  std::error_code error;
  fs::path followed = fs::weakly_canonical(fs::path(root) / path, error);
  if (error || !IsBelow(followed, root)) return Outside(field, path, root);
  return followed;
}

// Without a root a relative path would depend on the daemon's working directory, which clients do not know.
absl::Status CheckAbsolute(const char* field, const std::string& path, const char* flag) {
  if (path.empty() || fs::path(path).is_absolute()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " ", path, " is relative; must be absolute: this daemon runs without ", flag));
}

absl::StatusOr<std::string> ConfineData(const char* field, const std::string& path, const std::string& root) {
  if (root.empty()) {
    RETURN_IF_ERROR(CheckAbsolute(field, path, "--data-root"));
  }
  if (root.empty() || path.empty()) return path;
  ASSIGN_OR_RETURN(const fs::path followed, Follow(field, path, root));
  return followed.string();
}

// Refuses a symbolic link as the model file, because its target may change later.
absl::StatusOr<std::string> ConfineModel(const std::string& path, const std::string& root) {
  if (root.empty()) {
    RETURN_IF_ERROR(CheckAbsolute("save_path", path, "--model-root"));
  }
  if (root.empty() || path.empty()) return path;
  const fs::path given(path);
  ASSIGN_OR_RETURN(const fs::path folder, Follow("save_path", given.parent_path().string(), root));
  const fs::path place = folder / given.filename();
  std::error_code error;
  if (!given.has_filename() || given.filename() == "." || given.filename() == "..") {
    return absl::InvalidArgumentError(absl::StrCat("save_path ", path, " names a directory; name a file in it"));
  }
  if (fs::is_symlink(fs::symlink_status(place, error))) {
    return absl::PermissionDeniedError(absl::StrCat("save_path ", path, " is a symbolic link; below ", root,
                                                    " models are saved only to regular files"));
  }
  return place.string();
}

}  // namespace

absl::StatusOr<PathRoots> PathRoots::Resolve(const std::string& data_root, const std::string& model_root) {
  PathRoots roots;
  ASSIGN_OR_RETURN(roots.data_root_, ResolveRoot("--data-root", data_root));
  ASSIGN_OR_RETURN(roots.model_root_, ResolveRoot("--model-root", model_root));
  return roots;
}

absl::Status PathRoots::AllowData(const std::string& directory) {
  ASSIGN_OR_RETURN(also_data_, ResolveRoot("the directory of uploads", directory));
  return absl::OkStatus();
}

absl::StatusOr<JobSpec> PathRoots::Confine(JobSpec spec) const {
  for (const TaskOptions::Input& input : spec.task->Inputs()) {
    std::error_code error;
    const fs::path followed = fs::weakly_canonical(*input.path, error);
    if (!also_data_.empty() && !error && fs::path(*input.path).is_absolute() && IsBelow(followed, also_data_)) {
      *input.path = followed.string();
      continue;
    }
    ASSIGN_OR_RETURN(*input.path, ConfineData(input.field, *input.path, data_root_));
  }
  ASSIGN_OR_RETURN(spec.save_path, ConfineModel(spec.save_path, model_root_));
  spec.save_through_links = model_root_.empty();
  return spec;
}

}  // namespace recurve
