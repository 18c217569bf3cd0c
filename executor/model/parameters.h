// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_MODEL_PARAMETERS_H_
#define RECURVE_EXECUTOR_MODEL_PARAMETERS_H_

#include <cstdint>

#include "executor/backend/backend.h"
#include "executor/model/model_file.h"
#include "planner_service/model/parameter_layout.h"

namespace recurve {

// New weights, a function of `config` and `seed` alone. Embedding uniform with variance 1; weights of the layers
// uniform in
// (-1/sqrt(H), 1/sqrt(H)); those that read a layer's outputs, which are small, wider: three times that for the layers
// above the first, four times for the output layer; as published behind a layer norm. Biases 0 but for the forget
// gates' 1; gains of norms 1.
Model InitialModel(const ModelConfig& config, uint64_t seed);

// Between a model and the block of its parameters on a device, tensor by tensor: the padding is left as it is, and the
// only copy is the model. The model's tensors must be those of its configuration.
void UploadModel(const Model& model, Backend& backend, float* block);
Model DownloadModel(const ModelConfig& config, Backend& backend, const float* block);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_MODEL_PARAMETERS_H_
