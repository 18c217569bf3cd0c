// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_INTERRUPT_H_
#define RECURVE_CLIENT_CLI_INTERRUPT_H_

#include "planner_service/planning/planner.h"

namespace recurve {

// From now on, the first SIGINT or SIGTERM makes Interrupted() true and the second ends the process. SIGHUP, which a
// closing terminal may send twice, only makes it true, unless it is ignored (nohup).
void CatchInterrupts();

// From now on, a closed output pipe does not end the process; writes to it fail. For commands that also write files.
void OutliveReaders();

bool Interrupted();

inline CancelCheck WhenInterrupted() { return &Interrupted; }

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_INTERRUPT_H_
