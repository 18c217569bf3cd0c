// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_LEAF_LEVELS_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_LEAF_LEVELS_H_

#include <cstdint>
#include <vector>

#include "planner_service/planning/plan.h"

namespace recurve {

// What a byte budget means for a chain: at level i, with i states stored, a run of up to leaf(i) links can be taped
// whole. Leaves never grow with the level. Levels 0..tail() - 1 have leaves of at least 2 links. From level tail() on
// nothing can be taped but the one link in the working set: what is left of the budget is tail_slots() states, the
// start state of the level's run included. That can be 0: level tail() then takes a single link, which a sweep tapes in
// the working set, and not even its start state is stored.
class LeafLevels {
 public:
  // Levels that `length` links cannot make use of are left out.
  LeafLevels(int64_t length, const ByteBudget& budget);

  int64_t tail() const { return static_cast<int64_t>(leaf_.size()) - 1; }
  int64_t tail_slots() const { return tail_slots_; }
  int64_t leaf(int64_t level) const { return leaf_[level]; }  // level <= tail()

  // Links of levels first..last when each but the last level of all does one leaf, and the tail as many as it can
  // without repeating any: tail_slots() + 1.
  int64_t Sum(int64_t first, int64_t last) const { return before_[last + 1] - before_[first]; }
  int64_t Before(int64_t level) const { return before_[level]; }  // Sum(0, level - 1)
  // The first level q >= first with Sum(first, q) >= length; there must be one.
  int64_t LevelReaching(int64_t first, int64_t length) const;

 private:
  std::vector<int64_t> leaf_;
  std::vector<int64_t> before_;
  int64_t tail_slots_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_LEAF_LEVELS_H_
