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
  int threads = 0;              // 1..1024, used as given; 0: one per processor available to this process
  std::string instruction_set;  // "avx512", "avx2", "portable"; empty: the best supported
};

// The CPU backend: vectorized for an instruction set selected at run time, with operations split among threads.
// Denormal numbers are flushed to zero. Operations are synchronous. Errors: INVALID_ARGUMENT for an invalid thread
// count or an unsupported instruction set; RESOURCE_EXHAUSTED if the system cannot start the threads.
absl::StatusOr<std::unique_ptr<Backend>> MakeCpuBackend(const CpuOptions& options);

struct ThreadChoice {
  int threads = 1;
  std::string note;  // why there are fewer than requested; empty if there are not
};

// The number of threads to use if `asked` are requested (0: as many as are useful). At most one per processor available
// to this process (GrantedProcessors), since each operation waits for its slowest thread, and at most as many as can
// share `operations`, the multiply-adds of the largest frequent operation.
ThreadChoice ChooseThreads(int asked, int64_t operations = std::numeric_limits<int64_t>::max());

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_CPU_BACKEND_H_
