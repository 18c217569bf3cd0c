// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_JOB_WATCH_H_
#define RECURVE_CLIENT_CLI_JOB_WATCH_H_

#include <string>

#include "client/cli/exit_status.h"
#include "client/executor_client.h"

namespace recurve {

// Shows the events of a job, from the first, until it has ended: as JSON lines, or as text with a progress bar. kDone
// if it succeeded; otherwise reports why not.
ExitStatus WatchUntilEnd(ExecutorClient& executor, const std::string& id, bool json);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_JOB_WATCH_H_
