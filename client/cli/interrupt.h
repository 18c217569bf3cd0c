// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_INTERRUPT_H_
#define RECURVE_CLIENT_CLI_INTERRUPT_H_

#include "planner_service/planning/planner.h"

namespace recurve {

// From now on the first SIGINT or SIGTERM makes Interrupted() true and the second ends the process. SIGHUP, which a
// terminal that closes may send twice, makes it true too, unless it is ignored (nohup).
void CatchInterrupts();

// From now on the process does not end because nobody reads its output any more: writes to it fail. For commands with
// something to do besides.
void OutliveReaders();

bool Interrupted();

inline CancelCheck WhenInterrupted() { return &Interrupted; }

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_INTERRUPT_H_
