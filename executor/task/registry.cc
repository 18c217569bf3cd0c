// SPDX-License-Identifier: Apache-2.0
#include "executor/task/registry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/model/model_file.h"
#include "executor/task/language_model/language_model_options.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

// A new task adds a row.
constexpr TaskKind kKinds[] = {
    {"language_model", LanguageModelOptions::kFormat, MakeLanguageModelOptions, ParseLanguageModelOptions},
};

}  // namespace

std::span<const TaskKind> TaskKinds() { return kKinds; }

TaskSpec DefaultTask() { return TaskSpec(kKinds[0].make()); }

absl::StatusOr<TrainedModel> LoadModel(const InputFile& file) {
  ASSIGN_OR_RETURN(ModelFile model, ReadModelFile(file));
  const auto kind = std::find_if(std::begin(kKinds), std::end(kKinds),
                                 [&](const TaskKind& known) { return known.format == model.format; });
  if (kind == std::end(kKinds)) {
    return ModelFileError(file.name(), absl::StrCat("metadata recurve.format is \"", model.format,
                                                    "\", which this version does not support"));
  }
  absl::StatusOr<std::unique_ptr<TaskOptions>> options = kind->parse(model.description);
  if (!options.ok()) return ModelFileError(file.name(), options.status().message());
  TaskSpec task(*std::move(options));
  ASSIGN_OR_RETURN(Parameters parameters, Arrange(file.name(), task->Layout(), std::move(model.tensors)));
  return TrainedModel{.task = std::move(task), .parameters = std::move(parameters)};
}

}  // namespace recurve
