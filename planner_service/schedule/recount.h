// SPDX-License-Identifier: Apache-2.0
//
// Computes the counts of a replay from the runs of a schedule, without expanding it.
#ifndef RECURVE_PLANNER_SERVICE_SCHEDULE_RECOUNT_H_
#define RECURVE_PLANNER_SERVICE_SCHEDULE_RECOUNT_H_

#include "planner_service/schedule/replay.h"
#include "planner_service/schedule/schedule.h"

namespace recurve {

// The result of `Replay` (replay.h) for a well-formed schedule of up to 10,000,000 links, without walking it: each run
// is counted once, from the counts of its parts, however often it occurs. Like Replay, it uses no value computed by a
// solver. The schedule must be executable, as every well-formed one without states on the host is, and its links must
// be uniform (`costs.links` is ignored). O(runs) time and memory. Byte counts must stay below 2^63. Thread-safe.
ReplayResult Recount(const Schedule& schedule, const ReplayCosts& costs);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SCHEDULE_RECOUNT_H_
