// SPDX-License-Identifier: Apache-2.0
#include "planner_service/process/core_dumps.h"

#include <sys/prctl.h>

namespace recurve {

// Unlike a limit of 0 bytes, this also holds for core dumps that the kernel pipes to a program.
void AllowCoreDumps(bool allowed) { prctl(PR_SET_DUMPABLE, allowed ? 1 : 0, 0, 0, 0); }

}  // namespace recurve
