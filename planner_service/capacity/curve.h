// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CAPACITY_CURVE_H_
#define RECURVE_PLANNER_SERVICE_CAPACITY_CURVE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planner_service/capacity/trade_off.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

// The smallest total with its slowdown.
struct Corner {
  int64_t total = 0;
  Pick pick;
  // Set if there may be more corners between this one and the next, none of which is below this total.
  std::optional<int64_t> hidden_from = std::nullopt;
};

// Finds corners of the curve TradeOff::UpTo, the most important first. The curve is a decreasing staircase, so between
// two known corners it lies within the rectangle that they span; another corner splits that rectangle in two. The
// arguments must outlive the search. Not thread-safe.
//
//   CornerSearch search(trade_off, cancelled);
//   RETURN_IF_ERROR(search.FindEnds());
//   RETURN_IF_ERROR(search.Split(100, LogarithmicArea));
class CornerSearch {
 public:
  CornerSearch(TradeOff& trade_off, const CancelCheck& cancelled) : trade_off_(trade_off), cancelled_(cancelled) {}

  // Finds the first corner, at the least feasible bytes, and the last. Must be called first. There are no corners if
  // nothing is feasible in kMaxBytes.
  absl::Status FindEnds();

  // The value of refining the curve between `left` (from whose total on it may fall) and `right`.
  using Worth = std::function<double(const Corner& left, const Corner& right)>;
  // Refines the most valuable gap until there would be more than `max_corners` corners or no gap has a value above 0.
  absl::Status Split(int64_t max_corners, const Worth& worth);

  std::vector<Corner> Corners() const;

 private:
  // Between two adjacent corners. Up to `flat_until`, the curve is known to be flat.
  struct Gap {
    int64_t left = 0;
    int64_t flat_until = 0;
    int64_t right = 0;
  };
  struct Ranked {
    double worth = 0;
    Gap gap;
    friend bool operator<(const Ranked& a, const Ranked& b) {
      return a.worth < b.worth || (a.worth == b.worth && a.gap.left > b.gap.left);
    }
  };

  absl::StatusOr<Pick> At(int64_t total);
  absl::StatusOr<int64_t> AddCorner(double slowdown, int64_t low, int64_t high);
  // Evaluates the middle of a gap, adds the corner found there, if any, and returns the parts that may contain further
  // corners; nullopt if the corner would exceed `max_corners`.
  absl::StatusOr<std::optional<std::vector<Gap>>> Halve(const Gap& gap, int64_t max_corners);
  bool MayHide(const Gap& gap) const { return gap.flat_until + trade_off_.unit() < gap.right; }
  int64_t Middle(const Gap& gap) const;

  TradeOff& trade_off_;
  const CancelCheck& cancelled_;
  std::map<int64_t, Pick> picks_;  // by total
  std::vector<Gap> gaps_;          // that may contain corners
};

// The area of the rectangle between two corners, in logarithms of bytes and slowdown.
double LogarithmicArea(const Corner& left, const Corner& right);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CAPACITY_CURVE_H_
