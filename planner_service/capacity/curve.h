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
  // Set when there may be more corners between this one and the next: then none of them is below that total.
  std::optional<int64_t> hidden_from = std::nullopt;
};

// Finds corners of TradeOff::UpTo, those that matter most first. Between two that are known the curve lies in the
// rectangle which they span; a further corner splits it in two. Refers to its arguments. Not thread-safe.
//
//   CornerSearch search(trade_off, cancelled);
//   RETURN_IF_ERROR(search.FindEnds());
//   RETURN_IF_ERROR(search.Split(100, LogarithmicArea));
class CornerSearch {
 public:
  CornerSearch(TradeOff& trade_off, const CancelCheck& cancelled) : trade_off_(trade_off), cancelled_(cancelled) {}

  // The least bytes, and those from where on nothing changes; to be called first. No corners when nothing can be done
  // in kMaxBytes.
  absl::Status FindEnds();

  // What it is worth to know more of the curve between `left` (from whose total on it may fall) and `right`.
  using Worth = std::function<double(const Corner& left, const Corner& right)>;
  // Splits what is worth most, until there are `max_corners` corners or nothing is worth more than 0. As long as no
  // corner more is left out, it is made sure that there is none.
  absl::Status Split(int64_t max_corners, const Worth& worth);

  std::vector<Corner> Corners() const;

 private:
  // Between two neighbouring corners. Up to `flat_until` the curve is known to be as at the left one.
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
  // The parts of a gap that may hold corners, once it was looked at in its middle. Adds the corner that was found;
  // unless that would be more than `max_corners`: then nothing is returned.
  absl::StatusOr<std::optional<std::vector<Gap>>> Halve(const Gap& gap, int64_t max_corners);
  bool MayHide(const Gap& gap) const { return gap.flat_until + trade_off_.unit() < gap.right; }
  int64_t Middle(const Gap& gap) const;

  TradeOff& trade_off_;
  const CancelCheck& cancelled_;
  std::map<int64_t, Pick> picks_;  // by total
  std::vector<Gap> gaps_;          // where there may be corners
};

// The area of the rectangle between two corners in logarithms of bytes and slowdown.
double LogarithmicArea(const Corner& left, const Corner& right);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CAPACITY_CURVE_H_
