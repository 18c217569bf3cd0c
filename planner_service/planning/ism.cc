// SPDX-License-Identifier: Apache-2.0
//
// Internal state memorization, by its closed form. With m slots, gamma(m, r) = binomial(m + r, m) - 1 is the length of
// the longest chain in which no link runs forward more than r times. In class r, the lengths in
// (gamma(m, r - 1), gamma(m, r)], the count C(t, m) = r t + r - binomial(m + r, m + 1) is linear, so C is convex in t.
// With u links before the taped one and w after it, a split is optimal exactly when u is in class r - 1 for m slots and
// w in class r for m - 1 slots (ends included). The largest such u is taken, as in hsm.cc.
#include <algorithm>

#include "planner_service/planning/forward_count.h"
#include "planner_service/planning/hsm.h"
#include "planner_service/planning/run_builder.h"
#include "planner_service/planning/saturating.h"
#include "planner_service/planning/strategies.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

int64_t Gamma(int64_t slots, int64_t repeats) { return HsmReach(slots, repeats) - 1; }

// The smallest r with gamma(slots, r) >= length.
int64_t IsmClass(int64_t length, int64_t slots) { return HsmClass(length + 1, slots); }

Decision DecideIsm(const Problem& problem) {
  const auto [length, slots] = problem;
  if (length <= slots) return {.kind = Run::Kind::kTapeAll};
  if (slots == 1) return {.kind = Run::Kind::kSweepLast, .left = Problem{1, 1}};
  const int64_t repeats = IsmClass(length, slots);
  const int64_t left = std::min(Gamma(slots, repeats - 1), length - 1 - Gamma(slots - 1, repeats - 1));
  return {.kind = Run::Kind::kSplitTape, .left = Problem{left, slots}, .right = Problem{length - 1 - left, slots - 1}};
}

}  // namespace

int64_t CountIsmForwards(int64_t length, int64_t slots) {
  const int64_t used = std::min(slots, length);
  const int64_t repeats = IsmClass(length, used);
  return repeats * length + repeats - Binomial(used + repeats, used + 1);
}

absl::StatusOr<Plan> PlanIsm(int64_t length, int64_t slots, const CancelCheck& cancelled) {
  Plan plan = OptimalPlan(1, CountIsmForwards(length, slots));
  ASSIGN_OR_RETURN(plan.schedule, BuildSchedule(Problem{length, std::min(slots, length)}, DecideIsm, cancelled));
  return plan;
}

}  // namespace recurve
