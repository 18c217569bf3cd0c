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
  std::string_view name;                   // in JSON, and the field name in the proto's `oneof task`
  std::string_view format;                 // of its model files
  std::unique_ptr<TaskOptions> (*make)();  // with the defaults
  // The options for a model description (TaskOptions::Describe). INVALID_ARGUMENT with the reason if it is invalid.
  absl::StatusOr<std::unique_ptr<TaskOptions>> (*parse)(const std::string& description);
};

// All kinds of tasks; the first is the default.
std::span<const TaskKind> TaskKinds();

// The default task of jobs.
TaskSpec DefaultTask();

// Loads a model from its file. Errors: INVALID_ARGUMENT if it is not a model saved by Recurve, or its tensors do not
// match its description or are not finite; those of ReadSafetensors.
absl::StatusOr<TrainedModel> LoadModel(const InputFile& file);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_REGISTRY_H_
