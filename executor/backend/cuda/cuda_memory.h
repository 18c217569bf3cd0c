// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_MEMORY_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_MEMORY_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"

namespace recurve::cuda {

// Memory of a device, aligned to 256 bytes. It is given back once the device has finished what it was told before.
absl::StatusOr<std::unique_ptr<DeviceMemory>> AllocateCudaMemory(int device, int64_t bytes);

// The same of the host, page-locked, so that copies between it and `device` run beside the computation.
absl::StatusOr<std::unique_ptr<DeviceMemory>> AllocatePinnedMemory(int device, int64_t bytes);

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_MEMORY_H_
