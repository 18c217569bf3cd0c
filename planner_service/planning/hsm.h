// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_HSM_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_HSM_H_

#include <cstdint>

#include "planner_service/planning/run_builder.h"

namespace recurve {

// The longest chain that `slots` >= 0 slots can do without any link running forward more than repeats + 1 times:
// binomial(slots + repeats, slots), and 0 where repeats < 0. Saturating.
int64_t HsmReach(int64_t slots, int64_t repeats);

// The best first step for a chain of `problem.length` links with `problem.room` >= 1 slots, the start state included.
Decision DecideHsm(const Problem& problem);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_HSM_H_
