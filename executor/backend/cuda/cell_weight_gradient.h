// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_CELL_WEIGHT_GRADIENT_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_CELL_WEIGHT_GRADIENT_H_

#include <cuda_runtime_api.h>

#include "absl/status/status.h"
#include "executor/backend/arguments.h"
#include "executor/backend/cuda/products.h"

namespace recurve::cuda {

// CellWeightGradient of Backend, on `stream`, which is that of `products`; `scratch` is free for others afterwards.
absl::Status AddCellWeightGradient(const CellWeightGradientArgs& args, const Products& products, cudaStream_t stream,
                                   Stretch scratch);

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_CELL_WEIGHT_GRADIENT_H_
