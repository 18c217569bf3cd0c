// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_INTERRUPT_H_
#define RECURVE_CLIENT_CLI_INTERRUPT_H_

#include "planner_service/planning/planner.h"

namespace recurve {

// From now on the first SIGINT or SIGTERM makes Interrupted() true and the second ends the process.
void CatchInterrupts();

bool Interrupted();

inline CancelCheck WhenInterrupted() { return &Interrupted; }

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_INTERRUPT_H_
