// SPDX-License-Identifier: Apache-2.0
//
// Plans of jobs that may store states on the host: the request to a two-level planner, and the plan from its answer.
#ifndef RECURVE_EXECUTOR_JOB_HOST_PLAN_H_
#define RECURVE_EXECUTOR_JOB_HOST_PLAN_H_

#include <cstdint>

#include "executor/engine/transfer_costs.h"
#include "executor/job/link_sizing.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/plan.h"

namespace recurve {

// The most steps of the planner's recurrence (two_level.h) per candidate link: about a fifth of a second.
inline constexpr int64_t kMaxHostPlanSteps = int64_t{1} << 28;

struct HostQuestion {
  TwoLevelRequest request;
  double unit_seconds = 0;  // seconds per unit of the request's costs
};

// Asks for the cheapest plan for a job's links with `store_bytes` on the device and at most `host_bytes` on the host.
// The number of host states is limited to what is useful, one per segment that can be taped at once, and to what
// kMaxHostPlanSteps allows, possibly none.
HostQuestion AskWithHost(const LinkSizing& sizing, int64_t store_bytes, int64_t host_bytes, const LinkCosts& costs,
                         const TransferCosts& transfers);

// Converts the answer to a plan of a job. Its predicted time is an upper bound: it does not count the overlap of
// transfers and computation.
Plan PlanWithHost(TwoLevelPlan answer, double unit_seconds);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_HOST_PLAN_H_
