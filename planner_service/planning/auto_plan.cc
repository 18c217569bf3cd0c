// SPDX-License-Identifier: Apache-2.0
//
// The cheapest persistent schedule in real bytes. With leaf(i) as in leaf_levels.h, the minimum forward count for n
// links at level i is
//   V(n, i) = n                                              if n <= leaf(i)
//             min over y of y + V(y, i) + V(n - y, i + 1)    otherwise,
// where the level after the last takes a single link. Most chains have a closed form; LagrangianSearch solves the
// others. docs/planning.md has the derivation.
#include <algorithm>
#include <optional>
#include <utility>

#include "planner_service/planning/forward_count.h"
#include "planner_service/planning/hsm.h"
#include "planner_service/planning/lagrangian_search.h"
#include "planner_service/planning/leaf_levels.h"
#include "planner_service/planning/run_builder.h"
#include "planner_service/planning/strategies.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

class AutoSolver {
 public:
  using Part = LagrangianSearch::Part;

  AutoSolver(int64_t length, const ByteBudget& budget) : length_(length), levels_(length, budget) {}
  AutoSolver(const AutoSolver&) = delete;  // the search refers to the levels

  // CANCELLED when `cancelled` returns true. Must be called once, before the methods below.
  absl::Status Run(const CancelCheck& cancelled) {
    if (HasClosedForm()) return absl::OkStatus();
    search_.emplace(levels_, length_);
    return search_->Run(cancelled);
  }

  ForwardCount Count() const {
    if (search_) return {search_->forward_count(), search_->forward_count_lower_bound()};
    const int64_t count = ClosedForm();
    return {count, count};
  }

  Part Root() const {
    if (search_) return search_->Root();
    return Canonical({.length = length_, .klass = length_ <= LongestOfClassOne() ? 1 : 2});
  }

  DecisionFor<Part> Decide(const Part& part) const {
    if (part.length <= levels_.leaf(part.level)) return {.kind = Run::Kind::kTapeAll};
    if (part.level >= levels_.tail()) return DecideInTail(part);
    if (StoresOneTape()) return {.kind = Run::Kind::kSweepLast, .left = Part{.length = 2}};
    if (part.klass == 1) return DecideClassOne(part);
    const auto [left, right] = search_ ? search_->SplitPart(part) : SplitRichPart(part);
    return Join(left, right);
  }

 private:
  int64_t LongestOfClassOne() const { return levels_.Sum(0, levels_.tail()); }
  // There is room for one tape, but not for a state.
  bool StoresOneTape() const { return levels_.tail() == 1 && levels_.tail_slots() == 0; }

  bool HasClosedForm() const {
    return levels_.tail() == 0 || StoresOneTape() || length_ <= LongestOfClassOne() ||
           length_ <= LongestOfRichClassTwo();
  }

  int64_t ClosedForm() const {
    if (length_ <= levels_.leaf(0)) return length_;
    if (levels_.tail() == 0) return CountHsmForwards(length_, levels_.tail_slots());
    if (StoresOneTape()) return length_ * (length_ + 1) / 2 - 1;  // one sweep per link after the first two
    if (length_ <= LongestOfClassOne()) return 2 * length_ - levels_.leaf(levels_.LevelReaching(0, length_));
    return 3 * length_ - levels_.Before(levels_.tail()) - HsmReach(levels_.tail_slots() + 1, 1);
  }

  // A chain of class 2 has a left part of class 1 at each level. The savings of that part are largest, equal to the
  // level's leaf, if it uses only levels with equal leaves. The closed form holds as long as all parts can do so.
  int64_t LongestOfRichClassTwo() const {
    int64_t longest = HsmReach(levels_.tail_slots(), 2);
    for (int64_t leaf = levels_.leaf(0), first = 0; leaf > 1; --leaf) {
      const int64_t next = levels_.Deepest(leaf) + 1;
      longest += leaf * (next - first) * (next - first + 1) / 2;
      first = next;
    }
    return longest;
  }

  // Makes the left part as long as that allows. Most later levels are then left with one leaf each, which takes few
  // runs.
  std::pair<Part, Part> SplitRichPart(const Part& part) const {
    const int64_t leaf = levels_.leaf(part.level);
    const int64_t most = leaf * (levels_.Deepest(leaf) + 1 - part.level);
    const int64_t least_right = levels_.Sum(part.level + 1, levels_.tail());
    const int64_t left = std::min(most, part.length - least_right);
    return {{.length = left, .level = part.level, .klass = 1},
            {.length = part.length - left, .level = part.level + 1, .klass = part.length - left > least_right ? 2 : 1}};
  }

  // Full leaves on every level up to the first that reaches the end. The excess is taken from the first leaf, or from
  // the tail. Equal leaves become left parts of one run.
  DecisionFor<Part> DecideClassOne(const Part& part) const {
    const int64_t last = levels_.LevelReaching(part.level, part.length);
    const int64_t leaf = levels_.leaf(part.level);
    const int64_t excess = last == levels_.tail() ? 0 : levels_.Sum(part.level, last) - part.length;
    const int64_t left = leaf - excess;
    int64_t parts = 1;
    if (excess == 0) {
      const int64_t behind = std::min(levels_.Deepest(leaf) + 1, last);
      parts =
          std::max<int64_t>(1, behind - part.level - (behind == levels_.tail() && levels_.tail_slots() == 0 ? 1 : 0));
    }
    return Join({.length = left, .level = part.level, .klass = 1},
                {.length = part.length - parts * left, .level = part.level + parts, .klass = 1});
  }

  DecisionFor<Part> DecideInTail(const Part& part) const {
    const int64_t slots = levels_.tail_slots() - (part.level - levels_.tail());
    auto to_part = [&](const std::optional<Problem>& problem) {
      if (!problem) return std::optional<Part>();
      return std::optional(Canonical({.length = problem->length, .level = part.level + slots - problem->room}));
    };
    const Decision decision = DecideHsm({part.length, slots});
    return {.kind = decision.kind, .left = to_part(decision.left), .right = to_part(decision.right)};
  }

  DecisionFor<Part> Join(const Part& left, const Part& right) const {
    if (right.level == levels_.tail() && levels_.tail_slots() == 0) {
      return {.kind = Run::Kind::kSweepLast, .left = Canonical(left)};
    }
    return {.kind = Run::Kind::kSplit, .left = Canonical(left), .right = Canonical(right)};
  }

  // Gives parts with equal solutions equal keys.
  Part Canonical(const Part& part) const {
    if (part.length <= levels_.leaf(part.level)) return {.length = part.length};
    if (part.level >= levels_.tail()) return {.length = part.length, .level = part.level};
    return part;
  }

  const int64_t length_;
  const LeafLevels levels_;
  std::optional<LagrangianSearch> search_;  // if there is no closed form
};

}  // namespace

ForwardCount CountForwards(int64_t length, const ByteBudget& budget) {
  AutoSolver solver(length, budget);
  solver.Run({}).IgnoreError();  // cancellation is the only error
  return solver.Count();
}

absl::StatusOr<Plan> PlanAuto(int64_t length, const ByteBudget& budget, const CancelCheck& cancelled) {
  AutoSolver solver(length, budget);
  RETURN_IF_ERROR(solver.Run(cancelled));
  ASSIGN_OR_RETURN(
      Schedule schedule,
      BuildSchedule(
          solver.Root(), [&solver](const LagrangianSearch::Part& part) { return solver.Decide(part); }, cancelled));
  const ForwardCount count = solver.Count();
  Plan plan = OptimalPlan(0, count.count);
  plan.forward_count_lower_bound = count.lower_bound;
  plan.schedule = std::move(schedule);
  return plan;
}

}  // namespace recurve
