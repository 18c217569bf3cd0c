// SPDX-License-Identifier: Apache-2.0
//
// One function per strategy, each in a file of its name. Each takes a request that passes CheckRequest, and fills in
// feasibility, forward counts with their bounds, and the schedule; the caller recounts the peaks.
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_STRATEGIES_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_STRATEGIES_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "planner_service/planning/plan.h"
#include "planner_service/planning/planner.h"

namespace recurve {

absl::StatusOr<Plan> PlanStoreAll(int64_t length, const ByteBudget& budget, const CancelCheck& cancelled);
absl::StatusOr<Plan> PlanChen(int64_t length, const ByteBudget& budget, const CancelCheck& cancelled);
absl::StatusOr<Plan> PlanAuto(int64_t length, const ByteBudget& budget, const CancelCheck& cancelled);
absl::StatusOr<Plan> PlanHsm(int64_t length, int64_t slots, const CancelCheck& cancelled);
absl::StatusOr<Plan> PlanIsm(int64_t length, int64_t slots, const CancelCheck& cancelled);
absl::StatusOr<Plan> PlanMsm(int64_t length, const SlotBudget& budget, const CancelCheck& cancelled);

// A feasible plan, without its schedule, whose forward count is proved optimal.
inline Plan OptimalPlan(int64_t smallest_feasible_budget, int64_t forward_count) {
  Plan plan;
  plan.feasible = true;
  plan.smallest_feasible_budget = smallest_feasible_budget;
  plan.forward_count = plan.forward_count_lower_bound = plan.forward_count_upper_bound = forward_count;
  return plan;
}

// Bytes stored while a run of `length` links is taped whole: length - 1 tapes and length - 2 inner states. Saturating.
int64_t TapeAllBytes(int64_t length, int64_t state_bytes, int64_t tape_bytes);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_STRATEGIES_H_
