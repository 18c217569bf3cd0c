// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_CELL_WEIGHT_GRADIENT_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_CELL_WEIGHT_GRADIENT_H_

#include <cuda_runtime_api.h>

#include "absl/status/status.h"
#include "executor/backend/arguments.h"
#include "executor/backend/cuda/products.h"

namespace recurve::cuda {

// Backend::CellWeightGradient on `stream`, which must be the stream of `products`. `scratch` is reusable by later
// operations on the stream.
absl::Status AddCellWeightGradient(const CellWeightGradientArgs& args, const Products& products, cudaStream_t stream,
                                   Scratch scratch);

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_CELL_WEIGHT_GRADIENT_H_
