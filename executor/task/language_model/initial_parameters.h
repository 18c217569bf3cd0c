// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_INITIAL_PARAMETERS_H_
#define RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_INITIAL_PARAMETERS_H_

#include <cstdint>

#include "executor/model/parameters.h"
#include "planner_service/model/model_config.h"

namespace recurve {

// Initial weights, which depend only on `config` and `seed`. The embedding is uniform with variance 1. The weights of
// the layers are uniform in (-1/sqrt(H), 1/sqrt(H)). Without layer norm, input weights above the first layer are three
// times and output weights four times as large, because the outputs of a layer are small. Biases are 0, except 1 for
// forget gates; gains of norms are 1.
Parameters InitialParameters(const ModelConfig& config, uint64_t seed);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_INITIAL_PARAMETERS_H_
