// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_COMMAND_BACKEND_H_
#define RECURVE_CLIENT_CLI_COMMAND_BACKEND_H_

#include <memory>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"

namespace recurve {

// The CPU for a command that is no job, on the threads that --threads asks for. Where the process was granted fewer
// processors it runs on those, and says so on stderr. As MakeCpuBackend.
absl::StatusOr<std::unique_ptr<Backend>> MakeCommandBackend(int threads);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_COMMAND_BACKEND_H_
