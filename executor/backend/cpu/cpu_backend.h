// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CPU_CPU_BACKEND_H_
#define RECURVE_EXECUTOR_BACKEND_CPU_CPU_BACKEND_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"

namespace recurve {

struct CpuOptions {
  int threads = 0;              // 1..1024, taken at their word; 0: one for each processor that this process may use
  std::string instruction_set;  // "avx512", "avx2", "portable"; empty: the best that this processor has
};

// The CPU: vectorised for the instruction set found at run time, the batch split over the threads.
// Denormal numbers count as zero in its operations. Its operations are done when they return.
// INVALID_ARGUMENT for a thread count or an instruction set that cannot be had, RESOURCE_EXHAUSTED when the system
// gives fewer threads.
absl::StatusOr<std::unique_ptr<Backend>> MakeCpuBackend(const CpuOptions& options);

struct ThreadChoice {
  int threads = 1;
  std::string note;  // why they are fewer than asked for; empty: they are not
};

// Threads to run on where `asked` are asked for (0: as many as are of use): no more than processors that this process
// may use (GrantedProcessors), since each operation waits for the slowest of its threads, and no more than an operation
// of so many multiplications, the largest that comes often, keeps busy.
ThreadChoice ChooseThreads(int asked, int64_t operations = std::numeric_limits<int64_t>::max());

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_CPU_BACKEND_H_
