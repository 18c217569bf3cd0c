// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_ADVICE_KNAPSACK_H_
#define RECURVE_PLANNER_SERVICE_ADVICE_KNAPSACK_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/planning/planner.h"

namespace recurve {

struct Item {
  int64_t bytes = 0;
  double time = 0;
};

// What one party may choose.
struct Menu {
  std::vector<Item> items;   // at least one; bytes increase
  std::vector<Item> hidden;  // every choice that is not listed takes no less than one of these, in bytes and in time
};

struct Choice {
  std::vector<size_t> items;  // of each menu
  double time = 0;
  double time_lower_bound = 0;  // no choice of items, listed or not, takes less
};

// One item of each menu, within `total_bytes`, of least total time (the multiple-choice knapsack problem). The cheapest
// items must fit.
//
// A price per byte gives a bound: no choice takes less than the sum of each menu's least time + price * bytes, less the
// price of the total (a Lagrangian bound). The best price is found along the convex hulls of the menus, which also
// gives a first choice. What an item is above its menu's least is its regret; the regrets of a better choice add up to
// less than the first choice is above the bound. So all sums of items are built menu by menu that have no more regret
// than that, and that no other sum beats in bytes and in time. Where these are too many, the first choice is kept with
// its bound.
absl::StatusOr<Choice> ChooseItems(const std::vector<const Menu*>& menus, int64_t total_bytes,
                                   const CancelCheck& cancelled);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_ADVICE_KNAPSACK_H_
