// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_MEMORY_H_
#define RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_MEMORY_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"

namespace recurve::cuda {

// Device memory, aligned to 256 bytes. Its destructor waits for the device's pending work. Errors: RESOURCE_EXHAUSTED
// with the bytes requested and free; INVALID_ARGUMENT for negative `bytes`.
absl::StatusOr<std::unique_ptr<DeviceMemory>> AllocateCudaMemory(int device, int64_t bytes);

// The same for page-locked host memory, so that copies between it and `device` overlap with computation.
absl::StatusOr<std::unique_ptr<DeviceMemory>> AllocatePinnedMemory(int device, int64_t bytes);

}  // namespace recurve::cuda

#endif  // RECURVE_EXECUTOR_BACKEND_CUDA_CUDA_MEMORY_H_
