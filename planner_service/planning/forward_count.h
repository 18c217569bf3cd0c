// SPDX-License-Identifier: Apache-2.0
//
// Forward counts of plans without their schedules, for curves and searches, which need thousands of counts.
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_FORWARD_COUNT_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_FORWARD_COUNT_H_

#include <cstdint>

#include "planner_service/planning/plan.h"

namespace recurve {

struct ForwardCount {
  int64_t count = 0;        // link forwards, each link's taped one included
  int64_t lower_bound = 0;  // no persistent schedule has fewer; equal to `count` if that is proved optimal
};

// The forward count of `auto`, equal to that of its plan (if lower_bound < count, the plan may be slightly better). For
// any `length` in 1..kMaxChainLength and any budget that CheckRequest accepts; every budget is feasible. Takes
// microseconds if most links are swept at most twice, and a few milliseconds for the worst budgets of a million links.
// The time is not proportional to `length` (docs/planning.md). Thread-safe.
//
//   CountForwards(1000, {.state_bytes = 524288, .tape_bytes = 1048576, .budget_bytes = 15728640}).count
ForwardCount CountForwards(int64_t length, const ByteBudget& budget);

// Exact closed forms, well below a microsecond. 1 <= length <= kMaxChainLength, 1 <= slots; slots beyond `length` have
// no effect. For hsm, a byte budget provides 1 + budget_bytes / state_bytes slots. Store-all has `length` forwards.
int64_t CountHsmForwards(int64_t length, int64_t slots);
int64_t CountIsmForwards(int64_t length, int64_t slots);
int64_t CountChenForwards(int64_t length);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_FORWARD_COUNT_H_
