// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_COST_ROW_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_COST_ROW_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace recurve {

// The cost of chains of 0, 1, 2, ... links for one amount of memory; its bends, the lengths at which the slope
// increases; and its convex hull, the largest convex function below it.
class CostRow {
 public:
  explicit CostRow(int64_t longest) { costs_.reserve(longest + 1); }

  void Append(int64_t cost);

  int64_t size() const { return static_cast<int64_t>(costs_.size()); }
  int64_t operator[](int64_t length) const { return costs_[length]; }
  // In increasing order. The last length is never a bend.
  const std::vector<int64_t>& bends() const { return bends_; }

  // A line of the hull, from `begin` links to `end`, rising by `rise`. LineAfter: the line over [length, length + 1].
  struct Line {
    int64_t begin;
    int64_t end;
    int64_t rise;
    int64_t links() const { return end - begin; }
  };
  Line LineAfter(int64_t length) const;  // length <= size() - 2

 private:
  std::vector<int64_t> costs_ = {0};
  std::vector<int64_t> bends_;
  std::vector<int64_t> hull_ = {0};  // vertices of the hull, as lengths
};

struct Split {
  int64_t cost;
  int64_t left;
};

// The minimum of left + f(left) + g(total - left) over left in [least, total - 1], and a `left` that attains it; f must
// be known up to total - 1 >= least, g up to total - least. Exact for any rows; fast if they are nearly convex.
//
// Idea: the sum of the two hulls is a convex lower bound, so it has a single minimum, which is found starting from
// `near`. From there outwards, the bends of f and g are tried until the lower bound exceeds the best cost found. Only
// bends need to be tried: suppose y is optimal and neither f has a bend at y nor g at total - y. Then the step from y
// to y + 1 changes the cost by no more than the step from y - 1 to y, which is at most 0. So y + 1 is also optimal, and
// so on up to a bend or the end of the range.
Split BestSplit(const CostRow& f, const CostRow& g, int64_t total, int64_t least, int64_t near);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_COST_ROW_H_
