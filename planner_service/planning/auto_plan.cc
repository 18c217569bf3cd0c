// SPDX-License-Identifier: Apache-2.0
//
// The cheapest persistent schedule in real bytes, by a table of lengths by levels.
#include <algorithm>
#include <vector>

#include "planner_service/planning/cost_row.h"
#include "planner_service/planning/run_builder.h"
#include "planner_service/planning/strategies.h"

namespace recurve {
namespace {

int64_t Leaf(const ByteBudget& b, int64_t level) {
  const int64_t room = b.budget_bytes - level * b.state_bytes;
  if (room < b.tape_bytes) return 1;
  return 2 + (room - b.tape_bytes) / (b.tape_bytes + b.state_bytes);
}

class AutoTable {
 public:
  AutoTable(int64_t length, const ByteBudget& budget)
      : budget_(budget), length_(length), levels_(std::min(budget.budget_bytes / budget.state_bytes, length)) {
    rows_.resize(levels_ + 1);
    for (int64_t level = levels_; level >= 0; --level) {
      for (int64_t n = 1; n <= length; ++n) {
        rows_[level].Append(Best({n, level}).first);
      }
    }
  }
  int64_t cost() const { return rows_[0][length_]; }
  Decision Decide(const Problem& p) const { return Best(p).second; }

 private:
  std::pair<int64_t, Decision> Best(const Problem& p) const {
    const auto [n, level] = p;
    if (n <= Leaf(budget_, level)) return {n, {.kind = Run::Kind::kTapeAll}};
    const CostRow& row = rows_[level];
    int64_t best = n + row[n - 1];
    Decision decision = {.kind = Run::Kind::kSweepLast, .left = Problem{n - 1, level}};
    if (level < levels_) {
      const Split split = BestSplit(row, rows_[level + 1], n, 1);
      if (split.cost < best) {
        best = split.cost;
        decision = {
            .kind = Run::Kind::kSplit, .left = Problem{split.left, level}, .right = Problem{n - split.left, level + 1}};
      }
    }
    return {best, decision};
  }
  const ByteBudget budget_;
  const int64_t length_;
  const int64_t levels_;
  std::vector<CostRow> rows_;
};

}  // namespace

absl::StatusOr<Plan> PlanAuto(int64_t length, const ByteBudget& budget, const CancelCheck& cancelled) {
  Plan plan;
  plan.feasible = true;
  AutoTable table(length, budget);
  plan.forward_count = table.cost();
  plan.forward_count_lower_bound = plan.forward_count;
  plan.forward_count_upper_bound = plan.forward_count;
  absl::StatusOr<Schedule> schedule = BuildSchedule(
      {length, 0}, [&table](const Problem& problem) { return table.Decide(problem); }, cancelled);
  if (!schedule.ok()) return schedule.status();
  plan.schedule = *std::move(schedule);
  return plan;
}

}  // namespace recurve
