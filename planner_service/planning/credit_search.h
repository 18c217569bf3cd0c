// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_CREDIT_SEARCH_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_CREDIT_SEARCH_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "planner_service/planning/leaf_levels.h"
#include "planner_service/planning/planner.h"
#include "planner_service/planning/run_builder.h"

namespace recurve {

// The search behind `auto` for chains that need more than one sweep over some links (docs/planning.md has the proofs).
//
// A chain of n links at level i that costs (r + 1) n - C forwards is said to be of class r and to have credit C. F(r,
// i, C) is the longest chain of class r at level i with a credit of at least C. A split turns class r into class r - 1
// on its left and class r, one level further, on its right, and credits add:
//   F(r, i, C) = max over c of F(r - 1, i, c) + F(r, i + 1, C - c)
// F(1, ., .) is known in closed form. So the best plan of a chain is the largest C with F(r, 0, C) >= length.
//
// Most of F is never looked at. A price for credits gives, in O(r levels), an upper bound of C (a Lagrangian bound);
// what falls short of that bound by more than a solution can afford is left out of the table. A first pass keeps a few
// credits per (class, level) and nearly always meets the bound, which proves it; if it does not, a second pass keeps
// all that could be part of a better plan, and so decides.
class CreditSearch {
 public:
  // Needs levels.tail() >= 1. `levels` must outlive the search.
  CreditSearch(const LeafLevels& levels, int64_t length);

  // CANCELLED when `cancelled` says so. To be called once, before all that follows.
  absl::Status Run(const CancelCheck& cancelled);

  // What the schedule costs, or a little more where that is not `proved`.
  int64_t forward_count() const { return (class_ + 1) * length_ - credit_; }
  // No schedule costs less. Equal to what the schedule costs where `proved`.
  int64_t forward_count_lower_bound() const { return (class_ + 1) * length_ - credit_bound_; }
  bool proved() const { return credit_ == credit_bound_; }

  struct Part {
    int64_t length = 0;
    int64_t level = 0;
    int64_t klass = 0;   // always 0 from the tail on
    int64_t credit = 0;  // always 0 in class 1 and from the tail on

    friend bool operator==(const Part&, const Part&) = default;
    template <typename H>
    friend H AbslHashValue(H h, const Part& part) {
      return H::combine(std::move(h), part.length, part.level, part.klass, part.credit);
    }
  };
  Part Root() const { return {.length = length_, .klass = class_, .credit = class_ > 1 ? credit_ : 0}; }
  DecisionFor<Part> Decide(const Part& part) const;

 private:
  // A length and a credit that go together.
  struct Point {
    int64_t length = 0;
    int64_t credit = 0;
  };
  // What a link of length and a unit of credit are worth.
  struct Price {
    int64_t length = 1;
    int64_t credit = 1;
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
    int64_t center;      // credit of the whole chain around which windows are laid
    int64_t width;       // credits kept per window
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

  // Looks for a credit of the whole chain near `center` with windows of `width`, for any that is better than what was
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

  DecisionFor<Part> DecideInTail(const Part& part) const;
  int64_t LeftOfClassOne(const Part& part) const;
  void ShareOut(const Part& part, Part& left, Part& right) const;

  size_t Index(int64_t klass, int64_t level) const { return (klass - 1) * (levels_.tail() + 1) + level; }
  int64_t LongestInClassOne(int64_t level, int64_t credit) const;

  const LeafLevels& levels_;
  const int64_t length_;
  int64_t class_ = 1;
  Price price_;
  int64_t credit_bound_ = 0;
  int64_t credit_ = -1;
  std::vector<int64_t> deepest_;  // deepest_[c]: the last level with a leaf of at least c
  Table table_;                   // the one that holds credit_
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_CREDIT_SEARCH_H_
