// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_COMMAND_BACKEND_H_
#define RECURVE_CLIENT_CLI_COMMAND_BACKEND_H_

#include <memory>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"

namespace recurve {

// The CPU backend for a command other than a job, with the threads of --threads. If the process was granted fewer
// processors, it uses those and notes it on stderr. Errors as of MakeCpuBackend.
absl::StatusOr<std::unique_ptr<Backend>> MakeCommandBackend(int threads);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_COMMAND_BACKEND_H_
