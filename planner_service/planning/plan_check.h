// SPDX-License-Identifier: Apache-2.0
//
// What a plan claims, against what its schedule has: counted anew, with nothing that a solver computed.
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

// Counts the schedule of a plan for `request`, which CheckRequest accepts. INTERNAL, with the reason, when it is no
// schedule of that chain or takes more than the budget. The two for chains return CANCELLED when `cancelled` says so.
absl::StatusOr<ReplayResult> CountPlan(const PlanRequest& request, const Schedule& schedule);
absl::StatusOr<ReplayResult> CountPlan(const TwoLevelRequest& request, const Schedule& schedule,
                                       const CancelCheck& cancelled);
absl::StatusOr<ReplayResult> CountPlan(const ChainRequest& request, const LinkSums& sums, const Schedule& schedule,
                                       const CancelCheck& cancelled);

// Transfers and forwards included, of a schedule with these counts.
int64_t CostOf(const TwoLevelRequest& request, const ReplayResult& counted);

// For answers that come from elsewhere: the same, and INTERNAL when a figure of `plan` is not what is counted. A plan
// that is not feasible has nothing to be counted.
absl::Status CheckPlan(const PlanRequest& request, const Plan& plan);
absl::Status CheckPlan(const TwoLevelRequest& request, const TwoLevelPlan& plan, const CancelCheck& cancelled);
absl::Status CheckPlan(const ChainRequest& request, const ChainPlan& plan, const CancelCheck& cancelled);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_PLAN_CHECK_H_
