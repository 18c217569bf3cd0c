// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/path_roots.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr char kDataRoot[] = "--data-root";
constexpr char kModelRoot[] = "--model-root";

// Without a root a relative path would depend on the daemon's working directory, which clients do not know.
absl::Status CheckPath(const char* field, const std::string& path, const AllowedDirectories* allowed,
                       const char* option) {
  if (path.empty()) return absl::OkStatus();
  if (allowed != nullptr) {
    const absl::Status status = allowed->Find(path).status();
    return {status.code(), status.ok() ? "" : absl::StrCat(field, " ", status.message())};
  }
  if (std::filesystem::path(path).is_absolute()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " ", path, " is relative; must be absolute: this daemon runs without ", option));
}

}  // namespace

absl::StatusOr<PathRoots> PathRoots::Resolve(const std::string& data_root, const std::string& model_root) {
  PathRoots roots;
  if (!data_root.empty()) {
    ASSIGN_OR_RETURN(roots.data_, AllowedDirectories::Open(kDataRoot, data_root));
  }
  if (!model_root.empty()) {
    ASSIGN_OR_RETURN(roots.models_, AllowedDirectories::Open(kModelRoot, model_root));
  }
  return roots;
}

absl::Status PathRoots::AllowData(const std::string& directory) {
  if (data_ == nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto more, AllowedDirectories::Open("directory", directory));
  data_ = data_->With(*more);
  return absl::OkStatus();
}

absl::StatusOr<JobSpec> PathRoots::Confine(JobSpec spec) const {
  for (const TaskOptions::Input& input : spec.task->Inputs()) {
    RETURN_IF_ERROR(CheckPath(input.field, *input.path, data_.get(), kDataRoot));
  }
  RETURN_IF_ERROR(CheckPath("save_path", spec.save_path, models_.get(), kModelRoot));
  spec.data_directories = data_;
  spec.model_directories = models_;
  return spec;
}

}  // namespace recurve
