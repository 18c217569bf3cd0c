// SPDX-License-Identifier: Apache-2.0
#include "planner_service/planning/leaf_levels.h"

#include <algorithm>

namespace recurve {

// leaf(i) is the largest n >= 1 with (n - 1) a + max(0, n - 2) s <= B - i s. A leaf of n >= 2 links needs
// a + (n - 2) (a + s) bytes in addition to the i states, so only the first levels have such leaves.
LeafLevels::LeafLevels(int64_t length, const ByteBudget& budget) {
  const int64_t link_bytes = budget.tape_bytes + budget.state_bytes;
  int64_t spare = budget.budget_bytes - budget.tape_bytes;
  int64_t leaf = spare < 0 ? 1 : std::min(length, 2 + spare / link_bytes);
  spare -= (leaf - 2) * link_bytes;  // left over at level 0
  int64_t links = 0;
  // With one leaf per level, a chain uses no level past the one where it ends.
  for (; leaf > 1 && links < length; --leaf, spare += link_bytes) {
    plateaus_.push_back({.leaf = leaf, .first = tail_, .before = links});
    const int64_t last = std::min(spare / budget.state_bytes, tail_ + (length - links - 1) / leaf);
    links += (last + 1 - tail_) * leaf;
    tail_ = last + 1;
  }
  plateaus_.push_back({.leaf = 1, .first = tail_, .before = links});
  tail_slots_ = std::min(length, budget.budget_bytes / budget.state_bytes - tail_ + 1);
}

int64_t LeafLevels::leaf(int64_t level) const { return PlateauOf(level).leaf; }

int64_t LeafLevels::Deepest(int64_t links) const {
  if (links == 1) return tail_;
  const auto shorter = static_cast<size_t>(plateaus_.front().leaf - links + 1);
  return shorter < plateaus_.size() ? plateaus_[shorter].first - 1 : tail_ - 1;
}

int64_t LeafLevels::Before(int64_t level) const {
  const Plateau& plateau = PlateauOf(level);
  return plateau.before + (level - plateau.first) * plateau.leaf;
}

int64_t LeafLevels::Sum(int64_t first, int64_t last) const {
  return (last < tail_ ? Before(last + 1) : Before(tail_) + tail_slots_ + 1) - Before(first);
}

int64_t LeafLevels::LevelReaching(int64_t first, int64_t length) const {
  const int64_t links = Before(first) + length;
  const auto next = std::lower_bound(plateaus_.begin() + 1, plateaus_.end(), links,
                                     [](const Plateau& plateau, int64_t value) { return plateau.before < value; });
  const Plateau& plateau = *(next - 1);
  return std::min(tail_, plateau.first + (links - plateau.before - 1) / plateau.leaf);
}

const LeafLevels::Plateau& LeafLevels::PlateauOf(int64_t level) const {
  const auto next = std::upper_bound(plateaus_.begin() + 1, plateaus_.end(), level,
                                     [](int64_t value, const Plateau& plateau) { return value < plateau.first; });
  return *(next - 1);
}

}  // namespace recurve
