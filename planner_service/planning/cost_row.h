// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_COST_ROW_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_COST_ROW_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace recurve {

// The cost of chains of 0, 1, 2, ... links with one amount of memory, where it bends upwards, and the largest convex
// function below it, its hull.
class CostRow {
 public:
  explicit CostRow(int64_t longest) { costs_.reserve(longest + 1); }

  void Append(int64_t cost);

  int64_t size() const { return static_cast<int64_t>(costs_.size()); }
  int64_t operator[](int64_t length) const { return costs_[length]; }
  // In increasing order; those of lengths that are followed by an appended one.
  const std::vector<int64_t>& bends() const { return bends_; }

  // A line of the hull: from `begin` links to `end`, rising by `rise`. That which holds [length, length + 1].
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
  std::vector<int64_t> hull_ = {0};  // lengths at which the hull touches the costs and bends, and the last one
};

struct Split {
  int64_t cost;
  int64_t left;
};

// The least left + f(left) + g(total - left) over lefts in [least, total - 1], and a `left` that has it; f must be
// known up to total - 1 >= least, g up to total - least. Exact, whatever the rows look like; how fast depends on how
// close they are to convex. The sum of the hulls is convex, so it has one bottom, found from `near`; from there
// outwards the bends of f and g are looked at until the sum of the hulls is past the best that was found. (Between
// bends there is nothing to look at: let neither f bend upwards at y nor g at n - y, and y be best. Then the step from
// y to y + 1 costs no more than the step from y - 1 to y did, which cost nothing, so y + 1 is as good; and so on up to
// a bend or the end of the range.)
Split BestSplit(const CostRow& f, const CostRow& g, int64_t total, int64_t least, int64_t near);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_COST_ROW_H_
