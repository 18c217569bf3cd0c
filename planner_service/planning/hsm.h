// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_HSM_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_HSM_H_

#include <cstdint>

#include "planner_service/planning/run_builder.h"

namespace recurve {

// The length of the longest chain that runs with `slots` >= 0 slots and no link running forward more than repeats + 1
// times: binomial(slots + repeats, slots); 0 if repeats < 0. Saturating.
int64_t HsmReach(int64_t slots, int64_t repeats);

// The class of a chain: the smallest r with HsmReach(slots, r) >= length.
int64_t HsmClass(int64_t length, int64_t slots);

// The optimal first step for a chain of `problem.length` links with `problem.room` >= 1 slots, including the start
// state.
Decision DecideHsm(const Problem& problem);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_HSM_H_
