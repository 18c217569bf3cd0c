// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_LEAF_LEVELS_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_LEAF_LEVELS_H_

#include <cstdint>
#include <vector>

#include "planner_service/planning/plan.h"

namespace recurve {

// What a byte budget means for a chain: at level i, with i states stored, a run of up to leaf(i) links can be taped
// whole. Leaves never grow with the level, and from one to the next they shrink by one link at most. Levels 0..tail() -
// 1 have leaves of at least 2 links. From level tail() on nothing can be taped but the one link in the working set:
// what is left of the budget is tail_slots() states, the start state of the level's run included. That can be 0: level
// tail() then takes a single link, which a sweep tapes in the working set, and not even its start state is stored.
//
// Kept as plateaus of equal leaves, of which a chain of N links cannot use more than sqrt(2 N): that many steps to
// make, a few to ask.
class LeafLevels {
 public:
  // Levels that `length` links cannot make use of are left out.
  LeafLevels(int64_t length, const ByteBudget& budget);

  int64_t tail() const { return tail_; }
  int64_t tail_slots() const { return tail_slots_; }
  int64_t leaf(int64_t level) const;
  // The last level with a leaf of at least `links`, 1 <= links <= leaf(0); tail() for 1.
  int64_t Deepest(int64_t links) const;

  // Links of levels 0..level - 1, each doing one leaf; level <= tail().
  int64_t Before(int64_t level) const;
  // Links of levels first..last when each but the last level of all does one leaf, and the tail as many as it can
  // without repeating any: tail_slots() + 1.
  int64_t Sum(int64_t first, int64_t last) const;
  // The first level q >= first with Sum(first, q) >= length; there must be one.
  int64_t LevelReaching(int64_t first, int64_t length) const;

 private:
  // Levels from `first` on, up to the next plateau, have leaves of `leaf` links; the levels before them `before` links.
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
