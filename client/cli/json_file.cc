// SPDX-License-Identifier: Apache-2.0
#include "client/cli/json_file.h"

#include "absl/strings/str_cat.h"
#include "client/cli/interrupt.h"
#include "executor/data/input_file.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/strict_json.h"

namespace recurve {
namespace {

constexpr int64_t kMostJsonBytes = 4 << 20;  // far more than any chain or split needs

}  // namespace

absl::StatusOr<Json> ReadJsonFile(const std::string& path) {
  ASSIGN_OR_RETURN(const auto file, InputFile::OpenArgument(path, WhenInterrupted()));
  const std::string& name = file->name();
  if (file->size() > kMostJsonBytes) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is larger than ", kMostJsonBytes, " bytes"));
  }
  std::string text(static_cast<size_t>(file->size()), '\0');
  RETURN_IF_ERROR(file->Read(0, text.data(), file->size()));
  absl::StatusOr<Json> json = ParseStrictJson<Json>(text);
  if (!json.ok()) return absl::InvalidArgumentError(absl::StrCat(name, " ", json.status().message()));
  return json;
}

}  // namespace recurve
