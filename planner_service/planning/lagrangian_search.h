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

// The search behind `auto` for chains whose minimum forward count has no closed form: those of class 2 and higher
// (docs/planning.md has the proofs). Its time depends on the number of levels, O(sqrt(N log N)) for such chains.
//
// Recurrence: a chain of n links at level i that costs (r + 1) n - C forwards is of class r and has savings C. F(r, i,
// C) is the length of the longest chain of class r at level i with savings of at least C. A split produces class r - 1
// on the left and class r, one level further, on the right, and savings add:
//   F(r, i, C) = max over c of F(r - 1, i, c) + F(r, i + 1, C - c)
// F(1, ., .) has a closed form. The best plan of a chain is the largest C with F(r, 0, C) >= length.
//
// Pruning: most of F is never computed. Give length and savings a price each. The most valuable point of each (class,
// level) takes O(r levels) to find and yields an upper bound on C (a Lagrangian bound). Entries that fall short of
// their bound by more than a solution can afford are left out. A first pass keeps a narrow window of savings per
// (class, level); it nearly always reaches the bound, which proves optimality. If not, a second pass keeps every entry
// that could be part of a better plan, and so decides.
class LagrangianSearch {
 public:
  // Requires levels.tail() >= 1 and a chain of class 2 or higher: longer than levels.Sum(0, levels.tail()). `levels`
  // must outlive the search.
  LagrangianSearch(const LeafLevels& levels, int64_t length);

  // CANCELLED when `cancelled` returns true. Must be called once, before the methods below.
  absl::Status Run(const CancelCheck& cancelled);

  // The forward count of the schedule; slightly more in some cases where it is above the lower bound.
  int64_t forward_count() const { return (class_ + 1) * length_ - savings_; }
  // No schedule costs less.
  int64_t forward_count_lower_bound() const { return (class_ + 1) * length_ - savings_bound_; }

  // A part of the chain that starts with `level` states stored before its start state.
  struct Part {
    int64_t length = 0;
    int64_t level = 0;
    int64_t klass = 0;    // 0 from the tail on, and if the part is taped whole
    int64_t savings = 0;  // 0 in class 1, from the tail on, and if the part is taped whole

    friend bool operator==(const Part&, const Part&) = default;
    template <typename H>
    friend H AbslHashValue(H h, const Part& part) {
      return H::combine(std::move(h), part.length, part.level, part.klass, part.savings);
    }
  };
  Part Root() const { return {.length = length_, .klass = class_, .savings = savings_}; }
  // Splits a part of class 2 or higher: the left part is one class lower, the right part one level further.
  std::pair<Part, Part> SplitPart(const Part& part) const;

 private:
  // A length and the savings at that length.
  struct Point {
    int64_t length = 0;
    int64_t savings = 0;
  };
  // The values of one link of length and of one unit of savings.
  struct Price {
    int64_t length = 1;
    int64_t savings = 1;
  };
  // F(r, i, low_credit + k) for k = 0 .. count - 1 is lengths_[offset + k].
  struct Window {
    int64_t low_credit = 0;
    int64_t count = 0;
    size_t offset = 0;
    int64_t shortest = 0;  // the shortest chain of class r at level i: the longest of class r - 1
  };
  struct Table {
    std::vector<Window> windows;   // by Index(class, level)
    std::vector<int64_t> lengths;  // of all windows
    std::vector<int64_t> sums;     // lengths of the window under construction
    int64_t work = 0;              // additions, plus kWorkOfEntry per entry
  };
  struct Limits {
    int64_t center;      // savings of the whole chain at which windows are centered
    int64_t width;       // entries per window
    __int128 shortfall;  // the largest shortfall in value from the bound that is kept
    int64_t work;        // gives up beyond this
  };

  Point TailPoint(int64_t klass) const;
  static __int128 Value(const Price& price, const Point& point);
  // The most valuable point of class 1 at each level.
  std::vector<Point> BestOfClassOne(const Price& price, bool prefer_length) const;
  // Turns the most valuable points of class `klass` - 1 at each level into those of class `klass`.
  void NextClass(int64_t klass, std::vector<Point>& points) const;
  Point BestOfChain(const Price& price, bool prefer_length) const;
  void FindClass();
  void FindPrice();

  bool proved() const { return savings_ == savings_bound_; }

  // Searches windows of `width` entries around savings of `center` for the whole chain.
  absl::Status SearchNear(int64_t center, int64_t width, const CancelCheck& cancelled);
  // Searches everything that could be part of a better plan. If that stays within the work limit, the result is
  // optimal.
  absl::Status SearchAll(const CancelCheck& cancelled);
  void KeepIfBetter(Table table);

  // Sets `finished` to whether the work stayed within its limit.
  absl::Status Fill(const Limits& limits, const CancelCheck& cancelled, Table& table, bool* finished) const;
  void AddClassOneWindow(int64_t level, __int128 best, int64_t center, const Limits& limits, Table& table) const;
  void AddWindow(int64_t klass, int64_t level, __int128 best, int64_t center, const Limits& limits, Table& table) const;
  // Makes a window of the entries of table.sums that are within the limits.
  void Keep(int64_t klass, int64_t level, int64_t low_credit, __int128 best, int64_t center, const Limits& limits,
            Table& table) const;

  size_t Index(int64_t klass, int64_t level) const { return (klass - 1) * (levels_.tail() + 1) + level; }

  const LeafLevels& levels_;
  const int64_t length_;
  int64_t class_ = 1;
  Price price_;
  int64_t savings_bound_ = 0;
  int64_t savings_ = -1;
  std::vector<int64_t> leaf_;    // levels_.leaf(), by level, for loops over all levels
  std::vector<int64_t> before_;  // total links of the leaves of the levels before, by level
  Table table_;                  // the table that attains savings_
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_LAGRANGIAN_SEARCH_H_
