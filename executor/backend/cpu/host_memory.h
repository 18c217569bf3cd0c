// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CPU_HOST_MEMORY_H_
#define RECURVE_EXECUTOR_BACKEND_CPU_HOST_MEMORY_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"

namespace recurve::cpu {

// Memory of this machine, on huge pages where the system gives them. RESOURCE_EXHAUSTED when the machine has less than
// that available: asking the system is not enough, since it promises more than it has.
absl::StatusOr<std::unique_ptr<DeviceMemory>> AllocateHostMemory(int64_t bytes);

}  // namespace recurve::cpu

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_HOST_MEMORY_H_
