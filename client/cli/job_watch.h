// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_JOB_WATCH_H_
#define RECURVE_CLIENT_CLI_JOB_WATCH_H_

#include <cstdint>
#include <string>

#include "client/cli/exit_status.h"
#include "client/cli/loss_record.h"
#include "client/executor_client.h"

namespace recurve {

struct WatchSettings {
  std::string id;
  int64_t from = 0;  // sequence number of the first event to show; 0: all events
  bool json = false;
  LossFiles losses;  // of all steps, even of those before `from`
};

// Shows the events of a job until it has ended: as JSON lines, of which the last is the result, as a live view on a
// terminal, or as lines of text. kDone if it succeeded; otherwise reports why not. An interrupt ends the command, not
// the job, and the message says how to come back.
ExitStatus WatchUntilEnd(ExecutorClient& executor, const WatchSettings& settings);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_JOB_WATCH_H_
