// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_EXECUTOR_FLAGS_H_
#define RECURVE_EXECUTOR_DAEMON_EXECUTOR_FLAGS_H_

#include <optional>

#include "executor/daemon/executor_daemon.h"

namespace recurve {

// Parses the command line. Returns nothing if the program should exit with `exit_status`, after --help, --version or a
// printed error.
std::optional<ExecutorDaemonOptions> ParseExecutorFlags(int argc, char** argv, int& exit_status);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_EXECUTOR_FLAGS_H_
