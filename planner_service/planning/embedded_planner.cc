// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "absl/strings/str_cat.h"
#include "planner_service/planning/planner.h"
#include "planner_service/planning/strategies.h"
#include "planner_service/schedule/recount.h"

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

// The solver's claims are not believed: everything is counted again.
absl::StatusOr<ReplayResult> RecountPlan(const Plan& plan, const PlanRequest& request, const ReplayCosts& costs) {
  if (absl::Status status = CheckWellFormed(plan.schedule); !status.ok()) {
    return absl::InternalError(absl::StrCat("the plan's ", status.message()));
  }
  const ReplayResult counted = Recount(plan.schedule, costs);
  if (plan.schedule.length() != request.length || counted.forward_count != plan.forward_count) {
    return absl::InternalError(absl::StrCat("the plan of strategy ", std::string(ToString(request.strategy)),
                                            " claims ", plan.forward_count, " forwards of ", request.length,
                                            " links, its schedule has ", counted.forward_count, " of ",
                                            plan.schedule.length()));
  }
  return counted;
}

absl::Status CheckPeak(int64_t peak, int64_t budget) {
  if (peak <= budget) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the plan's schedule needs ", peak, ", the budget is ", budget));
}

absl::Status RecountPeak(const PlanRequest& request, const ByteBudget& budget, Plan& plan) {
  absl::StatusOr<ReplayResult> counted =
      RecountPlan(plan, request, {.state_bytes = budget.state_bytes, .tape_bytes = budget.tape_bytes});
  if (!counted.ok()) return counted.status();
  plan.peak_bytes = counted->peak_bytes;
  return CheckPeak(plan.peak_bytes, budget.budget_bytes);
}

absl::Status RecountPeak(const PlanRequest& request, const SlotBudget& budget, Plan& plan) {
  // A slot is one internal state for ism, one hidden state otherwise.
  const int64_t alpha = request.strategy == Strategy::kIsm ? 1 : budget.alpha;
  absl::StatusOr<ReplayResult> counted = RecountPlan(plan, request, {.state_bytes = 1, .tape_bytes = alpha - 1});
  if (!counted.ok()) return counted.status();
  plan.peak_slots = counted->peak_paper_bytes;
  return CheckPeak(plan.peak_slots, budget.slots);
}

}  // namespace

absl::StatusOr<Plan> EmbeddedPlanner::MakePlan(const PlanRequest& request, const CancelCheck& cancelled) {
  if (absl::Status status = CheckRequest(request); !status.ok()) return status;
  absl::StatusOr<Plan> plan =
      std::visit([&](const auto& budget) { return Solve(request, budget, cancelled); }, request.budget);
  if (!plan.ok()) return plan.status();
  plan->strategy = request.strategy;
  if (!plan->feasible) return plan;
  absl::Status status =
      std::visit([&](const auto& budget) { return RecountPeak(request, budget, *plan); }, request.budget);
  if (!status.ok()) return status;
  if (request.costs) plan->predicted_seconds = PredictSeconds(plan->forward_count, request.length, *request.costs);
  return plan;
}

}  // namespace recurve
