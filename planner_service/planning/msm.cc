// SPDX-License-Identifier: Apache-2.0
//
// Mixed state memorization, by the paper's recurrence: C(t, m) is the minimum over y of
//   y + C(y, m) + C(t - y, m - 1)          a hidden state is stored after y links
//   y + C(y - 1, m) + C(t - y, m - alpha)  the internal state of link y is stored
//   t + C(t - 1, m)                        nothing is stored; the last link is taped in the working set
// and t if the internal states of t - 1 links fit in addition to the start state. One row per number of slots is filled
// by increasing length; BestSplit (cost_row.h) finds the minimum over y without trying every y.
#include "planner_service/planning/msm.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "planner_service/planning/cost_row.h"
#include "planner_service/planning/run_builder.h"
#include "planner_service/planning/saturating.h"
#include "planner_service/planning/strategies.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

int64_t UsedSlots(int64_t length, const SlotBudget& budget) {
  return std::min(budget.slots, SaturatingAdd(1, SaturatingMultiply(budget.alpha, length - 1)));
}

}  // namespace

class MsmSolver::Table {
 public:
  Table(int64_t length, int64_t alpha) : length_(length), alpha_(alpha), rows_(1, CostRow(0)) {}

  int64_t slots() const { return static_cast<int64_t>(rows_.size()) - 1; }

  // Adds the row of one more slot. CANCELLED, without adding it, when `cancelled` returns true.
  absl::Status AppendRow(const CancelCheck& cancelled) {
    constexpr int64_t kCellsBetweenPolls = 4096;
    const int64_t slots = static_cast<int64_t>(rows_.size());
    rows_.emplace_back(length_);
    Lefts near;
    for (int64_t length = 1; length <= length_; ++length) {
      if (length % kCellsBetweenPolls == 1 && cancelled && cancelled()) {
        rows_.pop_back();
        return absl::CancelledError("planning was cancelled");
      }
      rows_.back().Append(Best({length, slots}, near).cost);
    }
    return absl::OkStatus();
  }

  int64_t cost(const Problem& problem) const { return rows_[problem.room][problem.length]; }

  Decision Decide(const Problem& problem) const {
    if (problem.room == 1 && problem.length > 1) return {.kind = Run::Kind::kSweepLast, .left = Problem{1, 1}};
    Lefts near;
    return Best(problem, near).decision;
  }

 private:
  // The best left parts of the preceding length, where the search for the next length starts.
  struct Lefts {
    int64_t hidden = 1;
    int64_t internal = 0;
  };
  struct Choice {
    int64_t cost;
    Decision decision;
  };

  // Requires the rows of fewer slots, and this row for shorter chains.
  Choice Best(const Problem& problem, Lefts& near) const {
    const auto [length, slots] = problem;
    if (1 + alpha_ * (length - 1) <= slots) return {.cost = length, .decision = {.kind = Run::Kind::kTapeAll}};
    const CostRow& row = rows_[slots];
    Choice best = {.cost = length + row[length - 1],
                   .decision = {.kind = Run::Kind::kSweepLast, .left = Problem{length - 1, slots}}};
    if (slots > 1) {
      const Split split = BestSplit(row, rows_[slots - 1], length, 1, near.hidden);
      near.hidden = split.left;
      if (split.cost < best.cost) {
        best = {.cost = split.cost,
                .decision = {.kind = Run::Kind::kSplit,
                             .left = Problem{split.left, slots},
                             .right = Problem{length - split.left, slots - 1}}};
      }
    }
    if (slots > alpha_) {
      const Split split = BestSplit(row, rows_[slots - alpha_], length - 1, 0, near.internal);
      near.internal = split.left;
      if (split.cost + 1 < best.cost) {
        best = {.cost = split.cost + 1,
                .decision = {.kind = Run::Kind::kSplitTape,
                             .left = split.left > 0 ? std::optional(Problem{split.left, slots}) : std::nullopt,
                             .right = Problem{length - 1 - split.left, slots - alpha_}}};
      }
    }
    return best;
  }

  const int64_t length_;
  const int64_t alpha_;
  std::vector<CostRow> rows_;  // by slots; row 0 is unused
};

int64_t MsmTableCells(int64_t length, const SlotBudget& budget) {
  return SaturatingMultiply(length, UsedSlots(length, budget));
}

MsmSolver::MsmSolver(int64_t length, int64_t alpha)
    : length_(length), alpha_(alpha), table_(std::make_unique<Table>(length, alpha)) {}
MsmSolver::~MsmSolver() = default;

absl::StatusOr<Plan> MsmSolver::Solve(int64_t slots, const CancelCheck& cancelled) {
  const Problem whole = {length_, UsedSlots(length_, {.slots = slots, .alpha = alpha_})};
  if (whole.room == 1) {  // no room for an internal state
    absl::StatusOr<Plan> plan = PlanHsm(length_, 1, cancelled);
    if (plan.ok()) plan->forward_count_upper_bound = plan->forward_count;
    return plan;
  }
  while (table_->slots() < whole.room) {
    RETURN_IF_ERROR(table_->AppendRow(cancelled));
  }
  Plan plan = OptimalPlan(1, table_->cost(whole));
  ASSIGN_OR_RETURN(plan.schedule,
                   BuildSchedule(
                       whole, [this](const Problem& problem) { return table_->Decide(problem); }, cancelled));
  return plan;
}

absl::StatusOr<Plan> PlanMsm(int64_t length, const SlotBudget& budget, const CancelCheck& cancelled) {
  return MsmSolver(length, budget.alpha).Solve(budget.slots, cancelled);
}

}  // namespace recurve
