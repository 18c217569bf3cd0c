// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/plan_key.h"

#include <algorithm>
#include <numeric>

#include "planner_service/planning/strategies.h"

namespace recurve {
namespace {

// The largest sum of states and tapes within the budget that `auto` can distinguish from smaller budgets. Its decisions
// depend on which levels have room for their state, i s <= B, and which leaves fit there,
// i s + (n - 1) a + (n - 2) s <= B. All of these sums have the form i s + j a, with 0 <= j < length and, because of the
// states between the tapes, i >= j - 1. All are multiples of gcd(s, a), so if there are too many to enumerate, rounding
// down to such a multiple is also correct.
int64_t RoundedForAuto(int64_t length, const ByteBudget& budget) {
  constexpr int64_t kMostTapes = 256;
  const auto [state, tape, bytes] = budget;
  const int64_t divisor = std::gcd(state, tape);
  // The remainders repeat every state / divisor tapes.
  const int64_t tapes = std::min({length - 1, (bytes + state) / (tape + state), state / divisor - 1});
  if (tapes > kMostTapes) return bytes - bytes % divisor;
  int64_t rest = bytes % state;
  for (int64_t j = 1; j <= tapes; ++j) rest = std::min(rest, (bytes - j * tape) % state);
  return bytes - rest;
}

ByteBudget Canonical(const PlanRequest& request, ByteBudget budget) {
  switch (request.strategy) {
    case Strategy::kAuto:
    case Strategy::kStoreAll:
      // Bytes beyond those of store-all have no effect.
      budget.budget_bytes =
          std::min(budget.budget_bytes, TapeAllBytes(request.length, budget.state_bytes, budget.tape_bytes));
      if (request.strategy == Strategy::kAuto) budget.budget_bytes = RoundedForAuto(request.length, budget);
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
