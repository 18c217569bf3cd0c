// SPDX-License-Identifier: Apache-2.0
#include "planner_service/planning/leaf_levels.h"

#include <algorithm>

namespace recurve {
namespace {

// The largest n >= 1 with (n - 1) a + max(0, n - 2) s <= B - i s.
int64_t Leaf(const ByteBudget& budget, int64_t level) {
  const int64_t room = budget.budget_bytes - level * budget.state_bytes;
  if (room < budget.tape_bytes) return 1;
  return 2 + (room - budget.tape_bytes) / (budget.tape_bytes + budget.state_bytes);
}

}  // namespace

LeafLevels::LeafLevels(int64_t length, const ByteBudget& budget) {
  const int64_t last = budget.budget_bytes / budget.state_bytes;
  int64_t sum = 0;
  int64_t level = 0;
  before_.push_back(0);
  // A sweep that leaves a leaf on each level uses no level past the one where the chain ends.
  for (; level <= last && sum < length && Leaf(budget, level) > 1; ++level) {
    leaf_.push_back(std::min(length, Leaf(budget, level)));
    sum += leaf_.back();
    before_.push_back(sum);
  }
  tail_slots_ = std::min(length, last - level + 1);
  leaf_.push_back(1);
  before_.push_back(sum + tail_slots_ + 1);
}

int64_t LeafLevels::LevelReaching(int64_t first, int64_t length) const {
  const auto reached = std::lower_bound(before_.begin() + first + 1, before_.end(), before_[first] + length);
  return reached - before_.begin() - 1;
}

}  // namespace recurve
