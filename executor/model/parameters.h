// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_MODEL_PARAMETERS_H_
#define RECURVE_EXECUTOR_MODEL_PARAMETERS_H_

#include <cstdint>
#include <vector>

#include "executor/backend/backend.h"
#include "executor/data/safetensors.h"
#include "planner_service/model/parameter_layout.h"

namespace recurve {

using Parameters = std::vector<NamedTensor>;

// Tensors of zeros in the order of the layout.
Parameters ZeroParameters(const ParameterLayout& layout);

// Fills [begin, end) with numbers uniform in (-bound, bound), a function of `seed` and `stream` alone. Each tensor has
// a stream of its own.
void FillUniform(float* begin, float* end, float bound, uint64_t seed, uint32_t stream);

// Between parameters on the host and their block on a device, tensor by tensor: the padding is left as it is, and the
// only copy is on the host. The tensors must be those of the layout.
void Upload(const Parameters& parameters, const ParameterLayout& layout, Backend& backend, float* block);
Parameters Download(const ParameterLayout& layout, Backend& backend, const float* block);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_MODEL_PARAMETERS_H_
