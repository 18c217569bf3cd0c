// SPDX-License-Identifier: Apache-2.0
//
// What plans cost, without their schedules: for curves and searches, which need thousands of counts.
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_FORWARD_COUNT_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_FORWARD_COUNT_H_

#include <cstdint>

#include "planner_service/planning/plan.h"

namespace recurve {

struct ForwardCount {
  int64_t count = 0;        // link forwards, each link's taped one included
  int64_t lower_bound = 0;  // no persistent schedule has fewer; equal to `count` where that is proved to be the least
};

// The count of `auto`, of the same values as in its plan (where lower_bound < count the plan may be a little better).
// Any `length` in 1..kMaxChainLength and any budget that CheckRequest accepts: every budget is feasible. Microseconds
// where most links are swept at most twice; a few milliseconds for the worst budgets of a million links. It does not
// grow with `length` as such (docs/planning.md). Thread-safe.
//
//   CountForwards(1000, {.state_bytes = 524288, .tape_bytes = 1048576, .budget_bytes = 15728640}).count
ForwardCount CountForwards(int64_t length, const ByteBudget& budget);

// Closed forms, exact, in well below a microsecond. 1 <= length <= kMaxChainLength, 1 <= slots; more slots than links
// are of no use. A byte budget of hsm has 1 + budget_bytes / state_bytes slots. Store-all has `length` forwards.
int64_t CountHsmForwards(int64_t length, int64_t slots);
int64_t CountIsmForwards(int64_t length, int64_t slots);
int64_t CountChenForwards(int64_t length);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_FORWARD_COUNT_H_
