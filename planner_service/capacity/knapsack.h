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

// The options of one party.
struct Menu {
  std::vector<Item> items;   // at least one; bytes increase
  std::vector<Item> hidden;  // lower bounds: every option not listed takes at least the bytes and time of one of these
};

struct Choice {
  std::vector<size_t> items;  // of each menu
  double time = 0;
  double time_lower_bound = 0;  // no choice of items, listed or not, takes less
};

// Chooses one item from each menu, within `total_bytes`, of minimum total time: the multiple-choice knapsack problem.
//
// Bound: for any price per byte, no choice takes less than the sum over the menus of the minimum of time + price *
// bytes, minus the price of `total_bytes` (a Lagrangian bound). A greedy walk along the convex hulls of the menus finds
// the best price and a first choice.
//
// Search: the regret of an item is its time + price * bytes above the minimum of its menu; the slack is the time of the
// first choice above the bound. The regrets of a better choice add up to less than the slack. So sums of items are
// built menu by menu, keeping those whose regret is below the slack and which no other sum beats in both bytes and
// time. If there are too many, the first choice is kept with its bound. The menus must outlive it. Not thread-safe.
class Knapsack {
 public:
  // Finds the first choice and the bound. The cheapest items must fit.
  Knapsack(const std::vector<const Menu*>& menus, int64_t total_bytes);

  double Slack() const { return choice_.time - bound_; }
  double Regret(size_t menu, const Item& item) const { return Priced(item) - least_[menu]; }

  // The best choice of listed items.
  absl::StatusOr<Choice> Solve(const CancelCheck& cancelled);

 private:
  // A sum of one item from each of the first menus.
  struct Sum {
    int64_t bytes = 0;
    double time = 0;
    double regret = 0;
    uint32_t item = 0;    // of the last menu
    uint32_t before = 0;  // index of the sum without that item, in the previous layer
  };

  void WalkHulls();
  void SetBound();
  double Priced(const Item& item) const { return item.time + price_ * static_cast<double>(item.bytes); }
  absl::StatusOr<bool> BuildSums(const CancelCheck& cancelled);
  std::vector<uint32_t> Candidates(size_t menu) const;
  std::vector<Sum> Extend(const std::vector<Sum>& sums, size_t menu, const std::vector<uint32_t>& candidates,
                          int64_t most_bytes) const;
  void TakeBest(const std::vector<std::vector<Sum>>& layers);

  const std::vector<const Menu*>& menus_;
  const int64_t total_bytes_;
  Choice choice_;
  double price_ = 0;           // per byte
  std::vector<double> least_;  // minimum of Priced() per menu, including hidden items
  double bound_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CAPACITY_KNAPSACK_H_
