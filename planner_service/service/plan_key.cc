// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/plan_key.h"

#include <algorithm>

#include "planner_service/planning/strategies.h"

namespace recurve {
namespace {

ByteBudget Canonical(const PlanRequest& request, ByteBudget budget) {
  switch (request.strategy) {
    case Strategy::kAuto:
    case Strategy::kStoreAll:
      // With every tape in the store there is nothing left to spend bytes on.
      budget.budget_bytes =
          std::min(budget.budget_bytes, TapeAllBytes(request.length, budget.state_bytes, budget.tape_bytes));
      break;
    case Strategy::kHsm:
      // Stores whole states and no tapes.
      budget.budget_bytes -= budget.budget_bytes % budget.state_bytes;
      budget.tape_bytes = 0;
      break;
    default:
      break;
  }
  return budget;
}

SlotBudget Canonical(const PlanRequest& request, SlotBudget budget) {
  if (request.strategy != Strategy::kMsm) budget.alpha = 1;
  return budget;
}

}  // namespace

PlanKey KeyOf(const PlanRequest& request) {
  PlanKey key{.length = request.length, .strategy = request.strategy};
  std::visit([&](const auto& budget) { key.budget = Canonical(request, budget); }, request.budget);
  return key;
}

}  // namespace recurve
