// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_LAGRANGIAN_SEARCH_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_LAGRANGIAN_SEARCH_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "planner_service/planning/leaf_levels.h"
#include "planner_service/planning/planner.h"

namespace recurve {

// The search behind `auto` for chains whose least count has no closed form: those of class 2 and more (docs/planning.md
// has the proofs). It looks at every level, of which such a chain of N links has O(sqrt(N log N)).
//
// A chain of n links at level i that costs (r + 1) n - C forwards is said to be of class r and to have savings C. F(r,
// i, C) is the longest chain of class r at level i with savings of at least C. A split turns class r into class r - 1
// on its left and class r, one level further, on its right, and savings add:
//   F(r, i, C) = max over c of F(r - 1, i, c) + F(r, i + 1, C - c)
// F(1, ., .) is known in closed form. So the best plan of a chain is the largest C with F(r, 0, C) >= length.
//
// Most of F is never looked at. A price for savings gives, in O(r levels), an upper bound of C (a Lagrangian bound);
// what falls short of that bound by more than a solution can afford is left out of the table. A first pass keeps a few
// savings per (class, level) and nearly always meets the bound, which proves it; if it does not, a second pass keeps
// all that could be part of a better plan, and so decides.
class LagrangianSearch {
 public:
  // Needs levels.tail() >= 1 and a chain of class 2 at least: longer than levels.Sum(0, levels.tail()). `levels` must
  // outlive the search.
  LagrangianSearch(const LeafLevels& levels, int64_t length);

  // CANCELLED when `cancelled` says so. To be called once, before all that follows.
  absl::Status Run(const CancelCheck& cancelled);

  // What the schedule costs, or a little more where that is not proved: where it is above the lower bound.
  int64_t forward_count() const { return (class_ + 1) * length_ - savings_; }
  // No schedule costs less.
  int64_t forward_count_lower_bound() const { return (class_ + 1) * length_ - savings_bound_; }

  // A part of the chain, to be done with `level` states stored before its start state.
  struct Part {
    int64_t length = 0;
    int64_t level = 0;
    int64_t klass = 0;    // always 0 from the tail on, and where the part is taped whole
    int64_t savings = 0;  // always 0 in class 1 and from the tail on, and where the part is taped whole

    friend bool operator==(const Part&, const Part&) = default;
    template <typename H>
    friend H AbslHashValue(H h, const Part& part) {
      return H::combine(std::move(h), part.length, part.level, part.klass, part.savings);
    }
  };
  Part Root() const { return {.length = length_, .klass = class_, .savings = savings_}; }
  // The two parts of a part of class 2 at least: the left one of one class less, the right one a level further.
  std::pair<Part, Part> ShareOut(const Part& part) const;

 private:
  // A length and savings that go together.
  struct Point {
    int64_t length = 0;
    int64_t savings = 0;
  };
  // What a link of length and a unit of savings are worth.
  struct Price {
    int64_t length = 1;
    int64_t savings = 1;
  };
  // F(r, i, low_credit + k) for k = 0 .. count - 1 is lengths_[offset + k].
  struct Window {
    int64_t low_credit = 0;
    int64_t count = 0;
    size_t offset = 0;
    int64_t shortest = 0;  // chains of class r at level i are longer than class r - 1 reaches, or as long
  };
  struct Table {
    std::vector<Window> windows;   // by Index(class, level)
    std::vector<int64_t> lengths;  // of all windows
    std::vector<int64_t> sums;     // of the window that is being made
    int64_t work = 0;              // additions done, and some for each entry
  };
  struct Limits {
    int64_t center;      // savings of the whole chain around which windows are laid
    int64_t width;       // savings kept per window
    __int128 shortfall;  // from the bound, at the price, that is kept
    int64_t work;        // when to give up
  };

  Point TailPoint(int64_t klass) const;
  static __int128 Value(const Price& price, const Point& point);
  // The points of class 1 at each level that are worth most.
  std::vector<Point> BestOfClassOne(const Price& price, bool prefer_length) const;
  // From the points of class `klass` - 1 at each level to those of class `klass`.
  void NextClass(int64_t klass, std::vector<Point>& points) const;
  Point BestOfChain(const Price& price, bool prefer_length) const;
  void FindClass();
  void FindPrice();

  bool proved() const { return savings_ == savings_bound_; }

  // Looks for savings of the whole chain near `center` with windows of `width`, for any that is better than what was
  // found (and says so if there is none).
  absl::Status SearchNear(int64_t center, int64_t width, const CancelCheck& cancelled);
  absl::Status SearchAll(const CancelCheck& cancelled);
  void KeepIfBetter(Table table);

  // `finished` tells whether the work stayed within its limit.
  absl::Status Fill(const Limits& limits, const CancelCheck& cancelled, Table& table, bool* finished) const;
  void AddClassOneWindow(int64_t level, __int128 best, int64_t center, const Limits& limits, Table& table) const;
  void AddWindow(int64_t klass, int64_t level, __int128 best, int64_t center, const Limits& limits, Table& table) const;
  // Makes a window of what of table.sums is within the limits.
  void Keep(int64_t klass, int64_t level, int64_t low_credit, __int128 best, int64_t center, const Limits& limits,
            Table& table) const;

  size_t Index(int64_t klass, int64_t level) const { return (klass - 1) * (levels_.tail() + 1) + level; }

  const LeafLevels& levels_;
  const int64_t length_;
  int64_t class_ = 1;
  Price price_;
  int64_t savings_bound_ = 0;
  int64_t savings_ = -1;
  std::vector<int64_t> leaf_;    // of levels_, by level: what loops over all levels look at
  std::vector<int64_t> before_;  // links of the leaves of the levels before
  Table table_;                  // the one that holds savings_
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_LAGRANGIAN_SEARCH_H_
