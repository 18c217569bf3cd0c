// SPDX-License-Identifier: Apache-2.0
//
// Trained models on disk: safetensors with a `recurve` metadata entry that describes the model.
#ifndef RECURVE_EXECUTOR_MODEL_MODEL_FILE_H_
#define RECURVE_EXECUTOR_MODEL_MODEL_FILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "executor/data/file_path.h"
#include "executor/data/input_file.h"
#include "executor/data/safetensors.h"
#include "executor/model/parameters.h"
#include "planner_service/model/parameter_layout.h"

namespace recurve {

struct ModelFile {
  std::string description;  // JSON that describes the model
  std::string format;       // its "format": what the parameters mean
  std::vector<NamedTensor> tensors;
};

// An INVALID_ARGUMENT error that names the file.
absl::Status ModelFileError(const std::string& name, absl::string_view what);

// Writes through AtomicFile. Returns INVALID_ARGUMENT, and keeps the file, if `path` is an existing non-empty file that
// is not a model, because it may be the user's data.
absl::Status SaveModel(const FilePath& path, const std::string& description, const Parameters& parameters);

// Checks whether SaveModel could save `parameters` values now, as far as possible: returns the errors that it would
// return, RESOURCE_EXHAUSTED if disk space is insufficient, OUT_OF_RANGE if files may not be that large. Leaves no
// file.
absl::Status CheckModelCanBeSaved(const FilePath& path, int64_t parameters);

// Errors: INVALID_ARGUMENT if the file is not a model saved by Recurve; those of ReadSafetensors.
absl::StatusOr<ModelFile> ReadModelFile(const InputFile& file);

// Checks whether the file is a model saved by Recurve, without reading the values of its tensors. Errors: as
// ReadModelFile.
absl::Status CheckModelFile(const InputFile& file);

// Returns the tensors in the order of the layout; files written by other programs may have any order. INVALID_ARGUMENT
// if they do not match the layout, or a value is not finite.
absl::StatusOr<Parameters> Arrange(const std::string& name, const ParameterLayout& layout,
                                   std::vector<NamedTensor> tensors);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_MODEL_MODEL_FILE_H_
