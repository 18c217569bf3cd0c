// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_TURNS_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_TURNS_H_

#include <cuda_runtime_api.h>

#include <functional>

namespace recurve::cuda {

// Serializes the persistent kernels of a device across all backends of this process. The blocks of such a kernel wait
// for each other, so two of them that each occupied some of the multiprocessors would deadlock. (Other processes do not
// run at the same time, unless they share the device through MPS.)
//
// `start` starts such a kernel on `stream` of the current device. Thread-safe.
cudaError_t TakeTurn(cudaStream_t stream, const std::function<cudaError_t()>& start);

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_TURNS_H_
