// SPDX-License-Identifier: Apache-2.0
//
// Hidden state memorization, by its closed form. With m slots, beta(m, r) = binomial(m + r, m) is the length of the
// longest chain in which no link runs forward more than r + 1 times; class r contains the lengths in
// (beta(m, r - 1), beta(m, r)]. In class r, C(t, m) = (r + 1) t - beta(m + 1, r - 1), so C is convex in t, and a split
// after y links is optimal exactly when y is in class r - 1 for m slots and t - y in class r for m - 1 slots (ends
// included). The largest such y is taken: one of the parts is then the longest of its class, so there are only O(m r)
// different parts.
#include "planner_service/planning/hsm.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "planner_service/planning/forward_count.h"
#include "planner_service/planning/run_builder.h"
#include "planner_service/planning/saturating.h"
#include "planner_service/planning/strategies.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

// The paper's bound m t^(1 + 1/m) on `count`, rounded down with a margin for floating-point error, but never below
// `count`.
int64_t PaperBound(int64_t length, int64_t slots, int64_t count) {
  const long double t = static_cast<long double>(length);
  const long double m = static_cast<long double>(slots);
  const long double bound = m * std::pow(t, 1 + 1 / m) * (1 - 1e-15L);
  if (bound >= static_cast<long double>(kSaturated)) return kSaturated;
  return std::max(count, static_cast<int64_t>(bound));
}

}  // namespace

int64_t HsmReach(int64_t slots, int64_t repeats) { return repeats < 0 ? 0 : Binomial(slots + repeats, slots); }

int64_t HsmClass(int64_t length, int64_t slots) {
  if (slots == 1) return length - 1;
  int64_t high = 1;
  while (HsmReach(slots, high) < length) high *= 2;
  int64_t low = high / 2;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (HsmReach(slots, middle) < length) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Decision DecideHsm(const Problem& problem) {
  const auto [length, slots] = problem;
  if (length == 1) return {.kind = Run::Kind::kTapeAll};
  if (slots == 1 || length == 2) return {.kind = Run::Kind::kSweepLast, .left = Problem{1, 1}};
  // A state at each link, except that the last two links are swept, which costs the same and needs no state.
  if (length <= slots + 1) return {.kind = Run::Kind::kSplit, .left = Problem{1, 1}, .right = Problem{2, 1}};
  const int64_t repeats = HsmClass(length, slots);
  const int64_t left = std::min(HsmReach(slots, repeats - 1), length - HsmReach(slots - 1, repeats - 1));
  return {.kind = Run::Kind::kSplit, .left = Problem{left, slots}, .right = Problem{length - left, slots - 1}};
}

int64_t CountHsmForwards(int64_t length, int64_t slots) {
  const int64_t used = std::min(slots, length);
  const int64_t repeats = HsmClass(length, used);
  return (repeats + 1) * length - HsmReach(used + 1, repeats - 1);
}

absl::StatusOr<Plan> PlanHsm(int64_t length, int64_t slots, const CancelCheck& cancelled) {
  Plan plan = OptimalPlan(1, CountHsmForwards(length, slots));
  plan.forward_count_upper_bound = PaperBound(length, slots, plan.forward_count);
  ASSIGN_OR_RETURN(plan.schedule, BuildSchedule(Problem{length, std::min(slots, length)}, DecideHsm, cancelled));
  return plan;
}

}  // namespace recurve
