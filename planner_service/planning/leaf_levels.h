// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_LEAF_LEVELS_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_LEAF_LEVELS_H_

#include <cstdint>
#include <vector>

#include "planner_service/planning/plan.h"

namespace recurve {

// Translates a byte budget into leaves: at level i, with i states stored, a run of up to leaf(i) links can be taped
// whole. Leaves never grow with the level, and shrink by at most one link from one level to the next. Levels
// 0..tail() - 1 have leaves of at least 2 links. From level tail() on, no tape fits except the one in the working set;
// the rest of the budget holds tail_slots() states, including the start state of the level's run. If tail_slots() is 0,
// level tail() takes a single link, which a sweep tapes in the working set, and its start state is not stored.
//
// Leaves are kept as plateaus of consecutive levels with equal leaves. A chain of N links uses at most sqrt(2 N)
// plateaus, so construction takes O(sqrt(N)) steps and a query O(log N).
class LeafLevels {
 public:
  // Omits levels that `length` links cannot use.
  LeafLevels(int64_t length, const ByteBudget& budget);

  int64_t tail() const { return tail_; }
  int64_t tail_slots() const { return tail_slots_; }
  int64_t leaf(int64_t level) const;
  // The last level with a leaf of at least `links`, 1 <= links <= leaf(0). For 1, tail().
  int64_t Deepest(int64_t links) const;

  // Total links of levels 0..level - 1 with one leaf each; level <= tail().
  int64_t Before(int64_t level) const;
  // Total links of levels first..last <= tail() with one leaf each, where level tail() counts tail_slots() + 1, all
  // that it can do without recomputing any.
  int64_t Sum(int64_t first, int64_t last) const;
  // The first level q >= first with Sum(first, q) >= length; there must be one.
  int64_t LevelReaching(int64_t first, int64_t length) const;

 private:
  // Levels from `first` up to the next plateau have leaves of `leaf` links; the levels before have `before` in total.
  struct Plateau {
    int64_t leaf = 0;
    int64_t first = 0;
    int64_t before = 0;
  };

  const Plateau& PlateauOf(int64_t level) const;

  std::vector<Plateau> plateaus_;  // the last one is the tail, of one link
  int64_t tail_ = 0;
  int64_t tail_slots_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_LEAF_LEVELS_H_
