// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CPU_HOST_MEMORY_H_
#define RECURVE_EXECUTOR_BACKEND_CPU_HOST_MEMORY_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"

namespace recurve::cpu {

// Returns RESOURCE_EXHAUSTED, with both figures, if fewer than `bytes` are available to this process (GrantedMemory).
absl::Status CheckAvailable(int64_t bytes);

// Allocates host memory, on huge pages if the system provides them. Checks CheckAvailable first, because the system
// overcommits. Errors: as CheckAvailable; RESOURCE_EXHAUSTED if the system refuses; INVALID_ARGUMENT for negative
// `bytes`.
absl::StatusOr<std::unique_ptr<DeviceMemory>> AllocateHostMemory(int64_t bytes);

}  // namespace recurve::cpu

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_HOST_MEMORY_H_
