// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/path_roots.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

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
      absl::StrCat(field, " ", path, " leads out of ", root, ", the only directory that this daemon allows there"));
}

// weakly_canonical follows the links of all that exists of the path, and ".." after them.
absl::StatusOr<fs::path> Follow(const char* field, const std::string& path, const std::string& root) {
  std::error_code error;
  fs::path followed = fs::weakly_canonical(fs::path(root) / path, error);
  if (error || !IsBelow(followed, root)) return Outside(field, path, root);
  return followed;
}

// Without a root a relative path would start in the directory that the daemon happens to run in, which no client knows.
absl::Status CheckAbsolute(const char* field, const std::string& path, const char* flag) {
  if (path.empty() || fs::path(path).is_absolute()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      field, " ", path, " is relative, must be absolute: this daemon has no ", flag, " for it to start in"));
}

absl::StatusOr<std::string> ConfineData(const std::string& path, const std::string& root) {
  if (root.empty()) {
    if (absl::Status status = CheckAbsolute("data_path", path, "--data-root"); !status.ok()) return status;
  }
  if (root.empty() || path.empty()) return path;
  const absl::StatusOr<fs::path> followed = Follow("data_path", path, root);
  if (!followed.ok()) return followed.status();
  return followed->string();
}

// A link in the model's place is refused: it may point anywhere later on.
absl::StatusOr<std::string> ConfineModel(const std::string& path, const std::string& root) {
  if (root.empty()) {
    if (absl::Status status = CheckAbsolute("save_path", path, "--model-root"); !status.ok()) return status;
  }
  if (root.empty() || path.empty()) return path;
  const fs::path given(path);
  const absl::StatusOr<fs::path> folder = Follow("save_path", given.parent_path().string(), root);
  if (!folder.ok()) return folder.status();
  const fs::path place = *folder / given.filename();
  std::error_code error;
  if (!given.has_filename() || given.filename() == "." || given.filename() == "..") {
    return absl::InvalidArgumentError(absl::StrCat("save_path ", path, " names a directory; name a file in it"));
  }
  if (fs::is_symlink(fs::symlink_status(place, error))) {
    return absl::PermissionDeniedError(
        absl::StrCat("save_path ", path, " is a symbolic link; below ", root, " models are saved to plain files only"));
  }
  return place.string();
}

}  // namespace

absl::StatusOr<PathRoots> PathRoots::Resolve(const std::string& data_root, const std::string& model_root) {
  PathRoots roots;
  absl::StatusOr<std::string> data = ResolveRoot("--data-root", data_root);
  if (!data.ok()) return data.status();
  roots.data_root_ = *std::move(data);
  absl::StatusOr<std::string> model = ResolveRoot("--model-root", model_root);
  if (!model.ok()) return model.status();
  roots.model_root_ = *std::move(model);
  return roots;
}

absl::StatusOr<JobSpec> PathRoots::Confine(JobSpec spec) const {
  absl::StatusOr<std::string> data = ConfineData(spec.data_path, data_root_);
  if (!data.ok()) return data.status();
  spec.data_path = *std::move(data);
  absl::StatusOr<std::string> model = ConfineModel(spec.save_path, model_root_);
  if (!model.ok()) return model.status();
  spec.save_path = *std::move(model);
  spec.save_through_links = model_root_.empty();
  return spec;
}

}  // namespace recurve
