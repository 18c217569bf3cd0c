// SPDX-License-Identifier: Apache-2.0
//
// Plans of jobs that may store states on the host: what is asked of a two-level planner, and what is made of its
// answer.
#ifndef RECURVE_EXECUTOR_JOB_HOST_PLAN_H_
#define RECURVE_EXECUTOR_JOB_HOST_PLAN_H_

#include <cstdint>

#include "executor/engine/transfer_costs.h"
#include "executor/job/link_sizing.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/plan.h"

namespace recurve {

// Steps of the planner's recurrence (two_level.h) that a candidate link may take; they last about a fifth of a second.
inline constexpr int64_t kMaxHostPlanSteps = int64_t{1} << 28;

struct HostQuestion {
  TwoLevelRequest request;
  double unit_seconds = 0;  // of the request's costs
};

// The cheapest way through a job's links with `store_bytes` on the device and at most `host_bytes` on the host. Asks
// for no more states on the host than are of use, one for each stretch that can be taped at once, nor for more than
// kMaxHostPlanSteps allow; for none when they allow none.
HostQuestion AskWithHost(const LinkSizing& sizing, int64_t store_bytes, int64_t host_bytes, const LinkCosts& costs,
                         const TransferCosts& transfers);

// The answer as a plan of a job. Its time is that of everything one after the other, though transfers run beside the
// computation.
Plan PlanWithHost(TwoLevelPlan answer, double unit_seconds);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_HOST_PLAN_H_
