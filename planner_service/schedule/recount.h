// SPDX-License-Identifier: Apache-2.0
//
// What the replay of a schedule counts, from its runs alone.
#ifndef RECURVE_PLANNER_SERVICE_SCHEDULE_RECOUNT_H_
#define RECURVE_PLANNER_SERVICE_SCHEDULE_RECOUNT_H_

#include "planner_service/schedule/replay.h"
#include "planner_service/schedule/schedule.h"

namespace recurve {

// The result of `Replay` (replay.h) for a well-formed schedule of up to 10,000,000 links, without walking it: each run
// is counted once, from the counts of its parts, however often it occurs. Like Replay it uses nothing that a solver
// computed. The schedule must be one that can be run, as every well-formed one without states on the host can, and its
// links must not differ (`costs.links` is not looked at). O(runs) time and memory. Byte counts must stay below 2^63.
// Thread-safe.
ReplayResult Recount(const Schedule& schedule, const ReplayCosts& costs);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SCHEDULE_RECOUNT_H_
