// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CAPACITY_KNAPSACK_H_
#define RECURVE_PLANNER_SERVICE_CAPACITY_KNAPSACK_H_

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

// One item of each menu, within `total_bytes`, of least total time: the multiple-choice knapsack problem.
//
// A price per byte gives a bound: no choice takes less than the sum of each menu's least time + price * bytes, less the
// price of the total (a Lagrangian bound). The best price is found along the convex hulls of the menus, which also
// gives a first choice. What an item is above its menu's least is its regret. The regrets of a better choice add up to
// less than the slack, which is what the first choice takes above the bound. So all sums of items are built, menu by
// menu, that have no more regret than that, and that no other sum beats in bytes and in time. Where these are too many,
// the first choice is kept with its bound. Refers to the menus. Not thread-safe.
class Knapsack {
 public:
  // Finds the first choice and the bound. The cheapest items must fit.
  Knapsack(const std::vector<const Menu*>& menus, int64_t total_bytes);

  double Slack() const { return choice_.time - bound_; }
  double Regret(size_t menu, const Item& item) const { return Priced(item) - least_[menu]; }

  // The best choice of listed items.
  absl::StatusOr<Choice> Solve(const CancelCheck& cancelled);

 private:
  // A sum of items of the menus so far.
  struct Sum {
    int64_t bytes = 0;
    double time = 0;
    double regret = 0;
    uint32_t item = 0;    // of the last menu
    uint32_t before = 0;  // index of the sum without it, among those of one menu less
  };

  void WalkHulls();
  void SetBound();
  double Priced(const Item& item) const { return item.time + price_ * static_cast<double>(item.bytes); }
  absl::StatusOr<bool> SumUp(const CancelCheck& cancelled);
  std::vector<uint32_t> Worthy(size_t menu) const;
  std::vector<Sum> Extend(const std::vector<Sum>& sums, size_t menu, const std::vector<uint32_t>& worthy,
                          int64_t most_bytes) const;
  void TakeBest(const std::vector<std::vector<Sum>>& layers);

  const std::vector<const Menu*>& menus_;
  const int64_t total_bytes_;
  Choice choice_;
  double price_ = 0;           // of a byte
  std::vector<double> least_;  // of each menu, priced, hidden choices included
  double bound_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CAPACITY_KNAPSACK_H_
