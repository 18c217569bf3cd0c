// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_PLANNER_SERVICE_PLANNING_CHECKED_PLAN_H_
#define RECURVE_TESTS_PLANNER_SERVICE_PLANNING_CHECKED_PLAN_H_

#include "planner_service/planning/planner.h"

namespace recurve {

// The embedded planner's plan, after a look at all that must hold for every feasible plan: it is well formed, its
// replay is a complete backpropagation that costs what the plan claims, its peak is what the plan claims and within the
// budget, and its bounds are on their sides. Failures are test failures.
Plan CheckedPlan(const PlanRequest& request);

}  // namespace recurve

#endif  // RECURVE_TESTS_PLANNER_SERVICE_PLANNING_CHECKED_PLAN_H_
