// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_STATUS_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_STATUS_H_

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <string_view>

#include "absl/status/status.h"

namespace recurve::cuda {

// Converts an error of CUDA or cuBLAS; `what` names the failed operation.
absl::Status ToStatus(cudaError_t error, std::string_view what);
absl::Status ToStatus(cublasStatus_t error, std::string_view what);

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_STATUS_H_
