// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/plan_key.h"

#include <algorithm>
#include <numeric>

#include "planner_service/planning/strategies.h"

namespace recurve {
namespace {

// The largest sum of whole states and tapes within the budget that `auto` can tell from the sums below it. It asks
// which levels have room for their state, i s <= B, and which leaves have room on them, i s + (n - 1) a + (n - 2) s <=
// B: all of the form i s + j a, with 0 <= j < length and, to have room for the states between the tapes, i >= j - 1.
// All are multiples of gcd(s, a), so where there are too many to look at, rounding down to that is right too.
int64_t RoundedForAuto(int64_t length, const ByteBudget& budget) {
  constexpr int64_t kMostTapes = 256;
  const auto [state, tape, bytes] = budget;
  const int64_t divisor = std::gcd(state, tape);
  // With state / divisor tapes more, the remainders repeat.
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
      // With every tape in the store there is nothing left to spend bytes on.
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
