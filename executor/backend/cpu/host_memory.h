// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CPU_HOST_MEMORY_H_
#define RECURVE_EXECUTOR_BACKEND_CPU_HOST_MEMORY_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"

namespace recurve::cpu {

// RESOURCE_EXHAUSTED, with both figures, when this process has fewer bytes available (GrantedMemory).
absl::Status CheckAvailable(int64_t bytes);

// Memory of this machine, on huge pages where the system gives them. What CheckAvailable returns: asking the system is
// not enough, since it promises more than it has.
absl::StatusOr<std::unique_ptr<DeviceMemory>> AllocateHostMemory(int64_t bytes);

}  // namespace recurve::cpu

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_HOST_MEMORY_H_
