// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "absl/strings/str_cat.h"
#include "planner_service/planning/plan_check.h"
#include "planner_service/planning/planner.h"
#include "planner_service/planning/strategies.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

absl::StatusOr<Plan> Solve(const PlanRequest& request, const ByteBudget& budget, const CancelCheck& cancelled) {
  switch (request.strategy) {
    case Strategy::kStoreAll:
      return PlanStoreAll(request.length, budget, cancelled);
    case Strategy::kChen:
      return PlanChen(request.length, budget, cancelled);
    case Strategy::kHsm: {
      absl::StatusOr<Plan> plan = PlanHsm(request.length, 1 + budget.budget_bytes / budget.state_bytes, cancelled);
      if (plan.ok()) plan->smallest_feasible_budget = 0;
      return plan;
    }
    default:
      return PlanAuto(request.length, budget, cancelled);
  }
}

absl::StatusOr<Plan> Solve(const PlanRequest& request, const SlotBudget& budget, const CancelCheck& cancelled) {
  switch (request.strategy) {
    case Strategy::kIsm:
      return PlanIsm(request.length, budget.slots, cancelled);
    case Strategy::kMsm:
      return PlanMsm(request.length, budget, cancelled);
    default:
      return PlanHsm(request.length, budget.slots, cancelled);
  }
}

// Does not trust the solver: recounts everything from the schedule. A count not proved optimal may be slightly above
// that of the schedule.
absl::Status RecountPlan(const PlanRequest& request, Plan& plan) {
  ASSIGN_OR_RETURN(const ReplayResult counted, CountPlan(request, plan.schedule));
  if (counted.forward_count > plan.forward_count || counted.forward_count < plan.forward_count_lower_bound) {
    return absl::InternalError(absl::StrCat("the plan of strategy ", std::string(ToString(request.strategy)),
                                            " claims ", plan.forward_count_lower_bound, " to ", plan.forward_count,
                                            " forwards; its schedule has ", counted.forward_count));
  }
  plan.forward_count = counted.forward_count;
  const bool in_slots = std::holds_alternative<SlotBudget>(request.budget);
  (in_slots ? plan.peak_slots : plan.peak_bytes) = in_slots ? counted.peak_paper_bytes : counted.peak_bytes;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Plan> EmbeddedPlanner::MakePlan(const PlanRequest& request, const CancelCheck& cancelled) {
  RETURN_IF_ERROR(CheckRequest(request));
  ASSIGN_OR_RETURN(Plan plan,
                   std::visit([&](const auto& budget) { return Solve(request, budget, cancelled); }, request.budget));
  plan.strategy = request.strategy;
  if (!plan.feasible) return plan;
  RETURN_IF_ERROR(RecountPlan(request, plan));
  if (request.costs) plan.predicted_seconds = PredictSeconds(plan.forward_count, request.length, *request.costs);
  return plan;
}

}  // namespace recurve
