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

// Zero tensors in the order of the layout.
Parameters ZeroParameters(const ParameterLayout& layout);

// Fills [begin, end) with uniform random numbers in (-bound, bound) that depend only on `seed` and `stream`. Each
// tensor should have its own stream.
void FillUniform(float* begin, float* end, float bound, uint64_t seed, uint32_t stream);

// Copies parameters between the host and their block on a device, tensor by tensor, without a staging copy. The padding
// is unchanged. The tensors must match the layout.
void Upload(const Parameters& parameters, const ParameterLayout& layout, Backend& backend, float* block);
Parameters Download(const ParameterLayout& layout, Backend& backend, const float* block);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_MODEL_PARAMETERS_H_
