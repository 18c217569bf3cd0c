// SPDX-License-Identifier: Apache-2.0
//
// Internal state memorization, by its closed form. With m slots, gamma(m, r) = binomial(m + r, m) - 1 is the longest
// chain of which no link runs forward more than r times, and in the class (gamma(m, r - 1), gamma(m, r)] the count C(t,
// m) = r t + r - binomial(m + r, m + 1) is linear: C is convex in t. With u links before the taped one and w after it,
// a split is best exactly when u is in class r - 1 for m slots and w in class r for m - 1 (ends included); the largest
// such u is taken, as in hsm.cc.
#include <algorithm>

#include "planner_service/planning/forward_count.h"
#include "planner_service/planning/run_builder.h"
#include "planner_service/planning/saturating.h"
#include "planner_service/planning/strategies.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

int64_t Gamma(int64_t slots, int64_t repeats) { return Binomial(slots + repeats, slots) - 1; }

// The smallest r with gamma(slots, r) >= length.
int64_t IsmClassOf(int64_t length, int64_t slots) {
  if (slots == 1) return length;
  int64_t high = 1;
  while (Gamma(slots, high) < length) high *= 2;
  int64_t low = high / 2;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (Gamma(slots, middle) < length) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Decision DecideIsm(const Problem& problem) {
  const auto [length, slots] = problem;
  if (length <= slots) return {.kind = Run::Kind::kTapeAll};
  if (slots == 1) return {.kind = Run::Kind::kSweepLast, .left = Problem{1, 1}};
  const int64_t repeats = IsmClassOf(length, slots);
  const int64_t left = std::min(Gamma(slots, repeats - 1), length - 1 - Gamma(slots - 1, repeats - 1));
  return {.kind = Run::Kind::kSplitTape, .left = Problem{left, slots}, .right = Problem{length - 1 - left, slots - 1}};
}

}  // namespace

int64_t CountIsmForwards(int64_t length, int64_t slots) {
  const int64_t used = std::min(slots, length);
  const int64_t repeats = IsmClassOf(length, used);
  return repeats * length + repeats - Binomial(used + repeats, used + 1);
}

absl::StatusOr<Plan> PlanIsm(int64_t length, int64_t slots, const CancelCheck& cancelled) {
  Plan plan;
  plan.feasible = true;
  plan.smallest_feasible_budget = 1;
  plan.forward_count = CountIsmForwards(length, slots);
  plan.forward_count_lower_bound = plan.forward_count;
  plan.forward_count_upper_bound = plan.forward_count;
  ASSIGN_OR_RETURN(plan.schedule, BuildSchedule(Problem{length, std::min(slots, length)}, DecideIsm, cancelled));
  return plan;
}

}  // namespace recurve
