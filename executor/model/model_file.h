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
#include "executor/backend/cell.h"
#include "executor/data/safetensors.h"

namespace recurve {

struct ModelConfig {
  int64_t vocabulary = 256;
  Cell cell = Cell::kLstm;
  int64_t layers = 1;
  int64_t hidden = 256;
  int64_t embedding = 256;
  bool residual = false;         // layers above the first add their input to their output
  bool layer_norm = false;       // before each layer above the first, and before the output layer
  double dropout = 0;            // of each layer's output
  double recurrent_dropout = 0;  // of h in the recurrent product, one mask for the whole sequence
};

struct Model {
  ModelConfig config;
  std::vector<NamedTensor> parameters;
};

absl::Status SaveModel(const std::string& path, const Model& model);
absl::StatusOr<Model> LoadModel(const std::string& path);  // INVALID_ARGUMENT when tensors and configuration disagree

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_MODEL_MODEL_FILE_H_
