// SPDX-License-Identifier: Apache-2.0
//
// Trained models on disk: safetensors with a `recurve` entry in the metadata that says what to build.
#ifndef RECURVE_EXECUTOR_MODEL_MODEL_FILE_H_
#define RECURVE_EXECUTOR_MODEL_MODEL_FILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "executor/data/atomic_file.h"
#include "executor/data/safetensors.h"
#include "executor/model/parameters.h"
#include "planner_service/model/parameter_layout.h"

namespace recurve {

struct ModelFile {
  std::string description;  // JSON that says what to build
  std::string format;       // its "format": what the parameters mean
  std::vector<NamedTensor> tensors;
};

// INVALID_ARGUMENT that names the file.
absl::Status ModelFileError(const std::string& name, absl::string_view what);

// As AtomicFile writes. INVALID_ARGUMENT when there is a file at `path` that is no model, which may be somebody's data:
// it stays as it is. (An empty file is nobody's.)
absl::Status SaveModel(const std::string& path, const std::string& description, const Parameters& parameters,
                       AtomicFile::Links links = AtomicFile::Links::kFollow);

// Whether SaveModel could save so many parameters now, as far as can be known: the errors that it would return,
// RESOURCE_EXHAUSTED when the disk is too full, OUT_OF_RANGE when files may not be so large. Leaves nothing.
absl::Status CheckModelCanBeSaved(const std::string& path, int64_t parameters,
                                  AtomicFile::Links links = AtomicFile::Links::kFollow);

// INVALID_ARGUMENT when the file is no model that Recurve saved; what ReadSafetensors returns.
absl::StatusOr<ModelFile> ReadModelFile(const InputFile& file);

// The tensors in the order of the layout: a file written by another program may have them in any. INVALID_ARGUMENT when
// they are not those of the layout, or a value is not finite.
absl::StatusOr<Parameters> Arrange(const std::string& name, const ParameterLayout& layout,
                                   std::vector<NamedTensor> tensors);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_MODEL_MODEL_FILE_H_
