// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_FOOTPRINTS_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_FOOTPRINTS_H_

#include <cstdint>

#include "executor/backend/arguments.h"
#include "executor/backend/cuda/side_work.h"

namespace recurve::cuda {

// Floats from the first to the last of n rows, `width` wide, that begin `stride` floats apart.
constexpr int64_t SpanOfRows(int64_t n, int64_t width, int64_t stride) { return n == 0 ? 0 : (n - 1) * stride + width; }

// The memory that operations on cells access; packed weights have `weight_bytes`.
Footprint FootprintOf(const CellForwardArgs& args, int64_t weight_bytes);
Footprint FootprintOf(const CellBackwardArgs& args, int64_t weight_bytes);
Footprint FootprintOf(const CellWeightGradientArgs& args);

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_FOOTPRINTS_H_
