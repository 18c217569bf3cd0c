// SPDX-License-Identifier: Apache-2.0
//
// Checks the claims of a plan against its schedule, which is recounted without any value computed by a solver.
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_PLAN_CHECK_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_PLAN_CHECK_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/plan.h"
#include "planner_service/planning/planner.h"
#include "planner_service/schedule/link_sums.h"
#include "planner_service/schedule/replay.h"

namespace recurve {

// Counts the schedule of a plan for `request`, which must pass CheckRequest. INTERNAL with the reason when it is not a
// schedule of that chain or exceeds the budget. CANCELLED when `cancelled` returns true.
absl::StatusOr<ReplayResult> CountPlan(const PlanRequest& request, const Schedule& schedule);
absl::StatusOr<ReplayResult> CountPlan(const TwoLevelRequest& request, const Schedule& schedule,
                                       const CancelCheck& cancelled);
absl::StatusOr<ReplayResult> CountPlan(const ChainRequest& request, const LinkSums& sums, const Schedule& schedule,
                                       const CancelCheck& cancelled);

// The total cost, including transfers, of a schedule with these counts.
int64_t CostOf(const TwoLevelRequest& request, const ReplayResult& counted);

// For plans from an untrusted source: as CountPlan, and INTERNAL when a figure of `plan` differs from the recount. OK
// for a plan that is not feasible.
absl::Status CheckPlan(const PlanRequest& request, const Plan& plan);
absl::Status CheckPlan(const TwoLevelRequest& request, const TwoLevelPlan& plan, const CancelCheck& cancelled);
absl::Status CheckPlan(const ChainRequest& request, const ChainPlan& plan, const CancelCheck& cancelled);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_PLAN_CHECK_H_
