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
#include "executor/data/atomic_file.h"
#include "executor/data/safetensors.h"
#include "planner_service/model/model_config.h"

namespace recurve {

struct Model {
  ModelConfig config;
  std::vector<NamedTensor> parameters;
};

// As AtomicFile writes. INVALID_ARGUMENT when there is a file at `path` that is no model, which may be somebody's data:
// it stays as it is. (An empty file is nobody's.)
absl::Status SaveModel(const std::string& path, const Model& model,
                       AtomicFile::Links links = AtomicFile::Links::kFollow);

// Whether SaveModel could save a model of this configuration now, as far as can be known: the errors that it would
// return, RESOURCE_EXHAUSTED when the disk is too full, OUT_OF_RANGE when files may not be so large. Leaves nothing.
absl::Status CheckModelCanBeSaved(const std::string& path, const ModelConfig& config,
                                  AtomicFile::Links links = AtomicFile::Links::kFollow);

// INVALID_ARGUMENT when tensors and configuration disagree or a tensor has a value that is not finite; what
// ReadSafetensors and InputFile::Open return.
absl::StatusOr<Model> LoadModel(const InputFile& file);
absl::StatusOr<Model> LoadModel(const std::string& path);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_MODEL_MODEL_FILE_H_
