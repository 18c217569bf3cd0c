// SPDX-License-Identifier: Apache-2.0
#include "client/cli/input_arguments.h"

#include "absl/strings/str_cat.h"
#include "client/cli/interrupt.h"
#include "executor/data/input_file.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

absl::StatusOr<std::string> ReadTextArgument(const std::string& path, int64_t most_bytes) {
  ASSIGN_OR_RETURN(const auto file, InputFile::OpenArgument(path, WhenInterrupted()));
  if (file->size() > most_bytes) {
    return absl::InvalidArgumentError(absl::StrCat(file->name(), " is larger than ", most_bytes, " bytes"));
  }
  std::string text(static_cast<size_t>(file->size()), '\0');
  RETURN_IF_ERROR(file->Read(0, text.data(), file->size()));
  return text;
}

std::vector<NamedFile> InputArguments(const JobSpec& spec) {
  TaskSpec task = spec.task;
  std::vector<NamedFile> files;
  for (const TaskOptions::Input& input : task->Inputs()) files.push_back({input.option, *input.path});
  return files;
}

absl::Status CheckInputArguments(const JobSpec& spec) {
  for (const NamedFile& file : InputArguments(spec)) {
    if (file.path.empty()) return absl::InvalidArgumentError(file.name + " is required: the file to train on");
    if (file.path.text != "-") continue;
    return absl::InvalidArgumentError(absl::StrCat(
        file.name,
        " - is standard input, which cannot be trained on: a job needs random access to its data; write it "
        "to a file first, and give that (./- for a file of this name)"));
  }
  return absl::OkStatus();
}

}  // namespace recurve
