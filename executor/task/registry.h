// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TASK_REGISTRY_H_
#define RECURVE_EXECUTOR_TASK_REGISTRY_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "executor/data/input_file.h"
#include "executor/task/task.h"

namespace recurve {

// A kind of task.
struct TaskKind {
  std::string_view name;                   // as in JSON and of the field in the proto's `oneof task`
  std::string_view format;                 // of its model files
  std::unique_ptr<TaskOptions> (*make)();  // with the defaults
  // The options whose model `description` says (TaskOptions::Describe). INVALID_ARGUMENT says what is wrong with it.
  absl::StatusOr<std::unique_ptr<TaskOptions>> (*parse)(const std::string& description);
};

// All kinds, one row each; the first is the default.
std::span<const TaskKind> TaskKinds();

// The task that jobs are given where nothing else is said.
TaskSpec DefaultTask();

// A model from its file. INVALID_ARGUMENT when it is no model that Recurve saved, or its tensors are not those of its
// description or not finite; what InputFile::Open and ReadSafetensors return.
absl::StatusOr<TrainedModel> LoadModel(const InputFile& file);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_REGISTRY_H_
