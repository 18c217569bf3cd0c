// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_LEAF_LEVELS_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_LEAF_LEVELS_H_

#include <cstdint>
#include <vector>

#include "planner_service/planning/plan.h"

namespace recurve {

// What a byte budget means for a chain: at level i, with i states stored, a run of up to leaf(i) links can be taped
// whole. Levels 0..last() are those whose states fit. One level more, last() + 1, stands for the single link that a
// sweep tapes in the working set, for which nothing is stored: its leaf is 1. Leaves never grow with the level.
class LeafLevels {
 public:
  // Levels beyond `length` are of no use and left out.
  LeafLevels(int64_t length, const ByteBudget& budget);

  int64_t last() const { return static_cast<int64_t>(leaf_.size()) - 2; }
  int64_t end() const { return static_cast<int64_t>(leaf_.size()); }  // levels, the one more included
  int64_t leaf(int64_t level) const { return leaf_[level]; }
  // leaf(first) + ... + leaf(last), saturating never: a sum of at most length * length.
  int64_t Sum(int64_t first, int64_t last) const { return before_[last + 1] - before_[first]; }
  // The first level q >= first with Sum(first, q) >= length; there must be one.
  int64_t LevelReaching(int64_t first, int64_t length) const;
  // leaf(0) + ... + leaf(level - 1).
  int64_t Before(int64_t level) const { return before_[level]; }

 private:
  std::vector<int64_t> leaf_;
  std::vector<int64_t> before_;  // before_[i] = leaf(0) + ... + leaf(i - 1)
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_LEAF_LEVELS_H_
