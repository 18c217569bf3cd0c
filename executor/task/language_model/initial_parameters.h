// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_INITIAL_PARAMETERS_H_
#define RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_INITIAL_PARAMETERS_H_

#include <cstdint>

#include "executor/model/parameters.h"
#include "planner_service/model/model_config.h"

namespace recurve {

// New weights, a function of `config` and `seed` alone. Embedding uniform with variance 1; weights of the layers
// uniform in (-1/sqrt(H), 1/sqrt(H)); those that read a layer's outputs, which are small, wider: three times that for
// the layers above the first, four times for the output layer; as published behind a layer norm. Biases 0 but for the
// forget gates' 1; gains of norms 1.
Parameters InitialParameters(const ModelConfig& config, uint64_t seed);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_INITIAL_PARAMETERS_H_
