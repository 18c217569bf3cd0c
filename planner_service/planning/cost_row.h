// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_COST_ROW_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_COST_ROW_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace recurve {

// The cost of chains of 0, 1, 2, ... links with one amount of memory, and where it bends upwards. Least-cost splits
// need to look at the bends only: let y minimise f(y) + g(n - y), where neither f bends upwards at y nor g at n - y.
// Then the step from y to y + 1 costs no more than the step from y - 1 to y did, which cost nothing, so y + 1 is as
// good; and so on until one of them bends upwards or the range ends.
class CostRow {
 public:
  CostRow() : costs_{0} {}

  void Append(int64_t cost) {
    costs_.push_back(cost);
    const size_t n = costs_.size();
    if (n >= 3 && costs_[n - 1] - costs_[n - 2] > costs_[n - 2] - costs_[n - 3]) {
      bends_.push_back(static_cast<int64_t>(n) - 2);
    }
  }

  int64_t size() const { return static_cast<int64_t>(costs_.size()); }
  int64_t operator[](int64_t length) const { return costs_[length]; }
  // In increasing order; those of lengths that are followed by an appended one.
  const std::vector<int64_t>& bends() const { return bends_; }

 private:
  std::vector<int64_t> costs_;
  std::vector<int64_t> bends_;
};

struct Split {
  int64_t cost;
  int64_t left;
};

// The least left + f(left) + g(total - left) over lefts in [least, total - 1], and the first such `left` that is looked
// at; f and g must be known up to total - 1.
inline Split BestSplit(const CostRow& f, const CostRow& g, int64_t total, int64_t least) {
  Split best = {.cost = INT64_MAX, .left = least};
  auto consider = [&](int64_t left) {
    const int64_t cost = left + f[left] + g[total - left];
    if (cost < best.cost) best = {.cost = cost, .left = left};
  };
  consider(least);
  consider(total - 1);
  for (int64_t left : f.bends()) {
    if (left >= total) break;
    if (left >= least) consider(left);
  }
  for (int64_t right : g.bends()) {
    if (right > total - least) break;
    consider(total - right);
  }
  return best;
}

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_COST_ROW_H_
