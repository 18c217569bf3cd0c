// SPDX-License-Identifier: Apache-2.0
//
// The cheapest persistent schedule in real bytes. With leaf(i) as in leaf_levels.h, the least count for n links at
// level i is
//   V(n, i) = n                                              if n <= leaf(i)
//             min over y of y + V(y, i) + V(n - y, i + 1)    otherwise,
// where the one level past the last takes a single link. docs/planning.md explains how it is solved.
#include <algorithm>
#include <vector>

#include "planner_service/planning/credit_search.h"
#include "planner_service/planning/forward_count.h"
#include "planner_service/planning/leaf_levels.h"
#include "planner_service/planning/run_builder.h"
#include "planner_service/planning/saturating.h"
#include "planner_service/planning/strategies.h"
#include "planner_service/schedule/recount.h"

namespace recurve {
namespace {

// Nothing can be stored but one tape: every link but the first two is taped after a sweep of its own.
Schedule SweepForEach(int64_t length) {
  return {.runs = {{.kind = Run::Kind::kTapeAll, .length = 2},
                   {.kind = Run::Kind::kSweepLast, .length = length, .left = 0}}};
}

absl::StatusOr<Plan> SolveByCredits(int64_t length, const LeafLevels& levels, const CancelCheck& cancelled) {
  CreditSearch search(levels, length);
  if (absl::Status status = search.Run(cancelled); !status.ok()) return status;
  absl::StatusOr<Schedule> schedule = BuildSchedule(
      search.Root(), [&search](const CreditSearch::Part& part) { return search.Decide(part); }, cancelled);
  if (!schedule.ok()) return schedule.status();
  Plan plan;
  plan.schedule = *std::move(schedule);
  plan.forward_count = Recount(plan.schedule, {}).forward_count;
  plan.forward_count_lower_bound = search.forward_count_lower_bound();
  return plan;
}

absl::StatusOr<Plan> Solve(int64_t length, const LeafLevels& levels, const CancelCheck& cancelled) {
  if (levels.tail() == 0) return PlanHsm(length, levels.tail_slots(), cancelled);
  if (levels.tail() > 1 || levels.tail_slots() > 0) return SolveByCredits(length, levels, cancelled);
  Plan plan;
  plan.schedule = levels.leaf(0) >= length ? Schedule{.runs = {{.kind = Run::Kind::kTapeAll, .length = length}}}
                                           : SweepForEach(length);
  plan.forward_count = Recount(plan.schedule, {}).forward_count;
  plan.forward_count_lower_bound = plan.forward_count;
  return plan;
}

}  // namespace

ForwardCount CountForwards(int64_t length, const ByteBudget& budget) {
  const LeafLevels levels(length, budget);
  if (levels.leaf(0) >= length) return {length, length};
  if (levels.tail() == 0) {
    const int64_t count = CountHsmForwards(length, levels.tail_slots());
    return {count, count};
  }
  if (levels.tail() == 1 && levels.tail_slots() == 0) {  // a sweep for each link but the first two
    const int64_t count = length * (length + 1) / 2 - 1;
    return {count, count};
  }
  CreditSearch search(levels, length);
  search.Run({}).IgnoreError();  // it can only be cancelled
  return {search.forward_count(), search.forward_count_lower_bound()};
}

absl::StatusOr<Plan> PlanAuto(int64_t length, const ByteBudget& budget, const CancelCheck& cancelled) {
  const LeafLevels levels(length, budget);
  absl::StatusOr<Plan> plan = Solve(length, levels, cancelled);
  if (!plan.ok()) return plan;
  plan->feasible = true;
  plan->smallest_feasible_budget = 0;
  plan->forward_count_upper_bound = plan->forward_count;
  return plan;
}

}  // namespace recurve
