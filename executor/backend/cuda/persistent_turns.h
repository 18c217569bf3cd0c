// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_TURNS_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_TURNS_H_

#include <cuda_runtime_api.h>

#include <functional>

namespace recurve::cuda {

// Serialises the persistent kernels of a device across all backends of this process. The blocks of such a kernel wait
// for each other: two kernels that each held some of the multiprocessors that the other needs would wait for ever.
// (Other processes have the device at other times, unless they share it through MPS.)
//
// `start` starts such a kernel on `stream`, of the current device. Thread-safe.
cudaError_t TakeTurn(cudaStream_t stream, const std::function<cudaError_t()>& start);

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_PERSISTENT_TURNS_H_
