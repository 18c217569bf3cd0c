// SPDX-License-Identifier: Apache-2.0
//
// Chen, Xu, Zhang, Guestrin, "Training Deep Nets with Sublinear Memory Cost", 2016: segments of ceil(sqrt(N)) links,
// the states at their borders stored in one sweep, one segment taped at a time. The last segment is taped in that
// sweep; where the length does not divide, the first segment is the short one, so that the sweep repeats as few links
// as it can.
#include <algorithm>
#include <cmath>

#include "planner_service/planning/forward_count.h"
#include "planner_service/planning/saturating.h"
#include "planner_service/planning/strategies.h"

namespace recurve {
namespace {

int64_t CeilSqrt(int64_t value) {
  auto root = static_cast<int64_t>(std::sqrt(static_cast<double>(value)));  // right or one too small
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
  Plan plan;
  // All borders are stored while the last segment, a full one, is taped.
  plan.smallest_feasible_budget = SaturatingAdd(SaturatingMultiply(borders, budget.state_bytes),
                                                TapeAllBytes(segment, budget.state_bytes, budget.tape_bytes));
  plan.feasible = plan.smallest_feasible_budget <= budget.budget_bytes;
  if (!plan.feasible) return plan;
  plan.forward_count = CountChenForwards(length);
  plan.forward_count_lower_bound = plan.forward_count;
  plan.forward_count_upper_bound = plan.forward_count;
  plan.schedule = Segments(length, segment);
  return plan;
}

}  // namespace recurve
