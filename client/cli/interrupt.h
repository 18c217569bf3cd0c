// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_INTERRUPT_H_
#define RECURVE_CLIENT_CLI_INTERRUPT_H_

#include "planner_service/planning/planner.h"

namespace recurve {

// From now on, the first SIGINT makes Interrupted() true and the second, for the person who presses Ctrl-C again, ends
// the process. SIGTERM, which a batch system repeats while a checkpoint is written, and SIGHUP, which a closing
// terminal may send twice, only make it true; SIGHUP does nothing if it is ignored (nohup).
void CatchInterrupts();

// From now on, a closed output pipe does not end the process; writes to it fail. For commands that also write files.
void OutliveReaders();

bool Interrupted();

inline CancelCheck WhenInterrupted() { return &Interrupted; }

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_INTERRUPT_H_
