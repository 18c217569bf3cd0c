// SPDX-License-Identifier: Apache-2.0
//
// Standard backpropagation through time: a single run that is taped whole.
#include <algorithm>

#include "planner_service/planning/saturating.h"
#include "planner_service/planning/strategies.h"

namespace recurve {

int64_t TapeAllBytes(int64_t length, int64_t state_bytes, int64_t tape_bytes) {
  return SaturatingAdd(SaturatingMultiply(length - 1, tape_bytes),
                       SaturatingMultiply(std::max<int64_t>(0, length - 2), state_bytes));
}

absl::StatusOr<Plan> PlanStoreAll(int64_t length, const ByteBudget& budget, const CancelCheck& /*cancelled*/) {
  const int64_t needed = TapeAllBytes(length, budget.state_bytes, budget.tape_bytes);
  if (needed > budget.budget_bytes) return Plan{.smallest_feasible_budget = needed};
  Plan plan = OptimalPlan(needed, length);
  plan.schedule.runs = {{.kind = Run::Kind::kTapeAll, .length = length}};
  return plan;
}

}  // namespace recurve
