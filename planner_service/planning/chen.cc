// SPDX-License-Identifier: Apache-2.0
//
// Chen, Xu, Zhang, Guestrin, "Training Deep Nets with Sublinear Memory Cost", 2016: segments of ceil(sqrt(N)) links.
// One sweep stores the states at their borders; one segment is taped at a time. The last segment is taped during that
// sweep. If the segment length does not divide N, the first segment is the short one, which minimizes the links that
// are recomputed.
#include <algorithm>
#include <cmath>

#include "planner_service/planning/forward_count.h"
#include "planner_service/planning/saturating.h"
#include "planner_service/planning/strategies.h"

namespace recurve {
namespace {

int64_t CeilSqrt(int64_t value) {
  auto root = static_cast<int64_t>(std::sqrt(static_cast<double>(value)));  // exact or one too small
  while (root * root < value) ++root;
  return root;
}

Schedule Segments(int64_t length, int64_t segment) {
  Schedule schedule;
  schedule.runs.push_back({.kind = Run::Kind::kTapeAll, .length = segment});
  const int64_t rest = length % segment;
  if (length > segment + rest) {
    schedule.runs.push_back({.kind = Run::Kind::kSplit, .length = length - rest, .left = 0, .right = 0});
  }
  if (rest > 0) {
    const auto right = static_cast<int32_t>(schedule.runs.size() - 1);
    schedule.runs.push_back({.kind = Run::Kind::kTapeAll, .length = rest});
    schedule.runs.push_back({.kind = Run::Kind::kSplit, .length = length, .left = right + 1, .right = right});
  }
  return schedule;
}

}  // namespace

int64_t CountChenForwards(int64_t length) { return 2 * length - CeilSqrt(length); }

absl::StatusOr<Plan> PlanChen(int64_t length, const ByteBudget& budget, const CancelCheck& /*cancelled*/) {
  const int64_t segment = CeilSqrt(length);
  const int64_t borders = (length - 1) / segment;  // between ceil(length / segment) segments
  // All borders are stored while the last segment, a full one, is taped.
  const int64_t needed = SaturatingAdd(SaturatingMultiply(borders, budget.state_bytes),
                                       TapeAllBytes(segment, budget.state_bytes, budget.tape_bytes));
  if (needed > budget.budget_bytes) return Plan{.smallest_feasible_budget = needed};
  Plan plan = OptimalPlan(needed, CountChenForwards(length));
  plan.schedule = Segments(length, segment);
  return plan;
}

}  // namespace recurve
