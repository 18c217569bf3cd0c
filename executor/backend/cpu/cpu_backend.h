// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CPU_CPU_BACKEND_H_
#define RECURVE_EXECUTOR_BACKEND_CPU_CPU_BACKEND_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"

namespace recurve {

struct CpuOptions {
  int threads = 0;              // 1..1024; 0: one for each processor that this process may use
  std::string instruction_set;  // "avx512", "avx2", "portable"; empty: the best that this processor has
};

// The CPU: vectorised for the instruction set found at run time, the batch split over the threads.
// Denormal numbers count as zero in its operations. Its operations are done when they return.
// INVALID_ARGUMENT for a thread count or an instruction set that cannot be had.
absl::StatusOr<std::unique_ptr<Backend>> MakeCpuBackend(const CpuOptions& options);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_CPU_BACKEND_H_
