// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_EXECUTOR_FLAGS_H_
#define RECURVE_EXECUTOR_DAEMON_EXECUTOR_FLAGS_H_

#include <optional>

#include "executor/daemon/executor_daemon.h"

namespace recurve {

// What the command line asks for; nothing when the program is to end at once with `exit_status`, after --help,
// --version or an error that was printed.
std::optional<ExecutorDaemonOptions> ParseExecutorFlags(int argc, char** argv, int& exit_status);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_EXECUTOR_FLAGS_H_
