// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_PLANNER_SERVICE_PLANNING_CHECKED_PLAN_H_
#define RECURVE_TESTS_PLANNER_SERVICE_PLANNING_CHECKED_PLAN_H_

#include "planner_service/planning/planner.h"

namespace recurve {

// The embedded planner's plan, after checking what must hold for every feasible plan: it is well formed, its replay is
// a complete backpropagation with the claimed cost and peak, the peak is within the budget, and the bounds enclose the
// cost. Violations are test failures.
Plan CheckedPlan(const PlanRequest& request);

}  // namespace recurve

#endif  // RECURVE_TESTS_PLANNER_SERVICE_PLANNING_CHECKED_PLAN_H_
