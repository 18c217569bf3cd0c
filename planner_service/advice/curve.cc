// SPDX-License-Identifier: Apache-2.0
#include "planner_service/advice/curve.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <optional>
#include <queue>
#include <utility>

namespace recurve {
namespace {

// Between two neighbouring corners. Up to `flat_until` the curve is known to be as at the left one.
struct Gap {
  double area = 0;
  int64_t left = 0;
  int64_t flat_until = 0;
  int64_t right = 0;
  friend bool operator<(const Gap& a, const Gap& b) { return std::pair(a.area, b.left) < std::pair(b.area, a.left); }
};

class CornerSearch {
 public:
  CornerSearch(TradeOff& trade_off, const CancelCheck& cancelled) : trade_off_(trade_off), cancelled_(cancelled) {}

  absl::StatusOr<std::vector<Corner>> Run(int64_t max_points) {
    const int64_t least = trade_off_.least_total();
    const int64_t most = trade_off_.most_total();
    if (least > most) return std::vector<Corner>();
    const absl::StatusOr<Pick> first = At(least);
    if (!first.ok()) return first.status();
    const absl::StatusOr<Pick> last = At(most);
    if (!last.ok()) return last.status();
    picks_[least] = *first;
    const absl::StatusOr<int64_t> end = AddCorner(last->slowdown, least - 1, most);
    if (!end.ok()) return end.status();
    AddGap(least, least, *end);
    if (absl::Status status = Split(max_points); !status.ok()) return status;
    return Corners();
  }

 private:
  absl::StatusOr<Pick> At(int64_t total) {
    const absl::StatusOr<std::optional<Pick>> pick = trade_off_.UpTo(total, cancelled_);
    if (!pick.ok()) return pick.status();
    return **pick;
  }

  // The one where the curve becomes what it is at `high`, and where that is; after `low`. Most steps of a curve are
  // short, so it is looked for near `high` first.
  absl::StatusOr<int64_t> AddCorner(double slowdown, int64_t low, int64_t high) {
    for (int64_t step = trade_off_.unit(); high - step > low; step *= 2) {
      const absl::StatusOr<Pick> pick = At(high - step);
      if (!pick.ok()) return pick.status();
      if (pick->slowdown != slowdown) {
        low = high - step;
        break;
      }
      high -= step;
    }
    const absl::StatusOr<int64_t> corner = trade_off_.Smallest(slowdown, low + 1, high, cancelled_);
    if (!corner.ok()) return corner;
    const absl::StatusOr<Pick> pick = At(*corner);
    if (!pick.ok()) return pick.status();
    picks_[*corner] = *pick;
    return corner;
  }

  void AddGap(int64_t left, int64_t flat_until, int64_t right) {
    if (flat_until + trade_off_.unit() >= right) return;
    const auto bytes = [](int64_t total) { return std::log(static_cast<double>(std::max<int64_t>(1, total))); };
    gaps_.push({.area = (bytes(right) - bytes(flat_until)) * std::log(picks_[left].slowdown / picks_[right].slowdown),
                .left = left,
                .flat_until = flat_until,
                .right = right});
  }

  // The middle of a gap, in logarithms where it is wide.
  int64_t Middle(const Gap& gap) const {
    const int64_t from = std::max(gap.flat_until, trade_off_.unit());
    const int64_t middle =
        gap.right / 4 > from
            ? static_cast<int64_t>(std::sqrt(static_cast<double>(from)) * std::sqrt(static_cast<double>(gap.right)))
            : gap.flat_until + (gap.right - gap.flat_until) / 2;
    const int64_t units = std::max<int64_t>(1, (middle - gap.flat_until) / trade_off_.unit());
    return gap.flat_until + units * trade_off_.unit();
  }

  absl::Status Split(int64_t max_points) {
    while (!gaps_.empty()) {
      const Gap gap = gaps_.top();
      const int64_t middle = Middle(gap);
      const absl::StatusOr<Pick> pick = At(middle);
      if (!pick.ok()) return pick.status();
      const bool flat = pick->slowdown == picks_[gap.left].slowdown;
      if (!flat && static_cast<int64_t>(picks_.size()) >= max_points) return absl::OkStatus();
      gaps_.pop();
      if (flat) {
        AddGap(gap.left, middle, gap.right);
        continue;
      }
      const absl::StatusOr<int64_t> corner = AddCorner(pick->slowdown, gap.flat_until, middle);
      if (!corner.ok()) return corner.status();
      AddGap(gap.left, gap.flat_until, *corner);
      AddGap(*corner, middle, gap.right);
    }
    return absl::OkStatus();
  }

  // Gaps that are left may hold nothing.
  std::vector<Corner> Corners() {
    std::vector<Corner> corners;
    for (const auto& [total, pick] : picks_) {
      if (corners.empty() || pick.slowdown < corners.back().pick.slowdown) corners.push_back({total, pick});
    }
    for (; !gaps_.empty(); gaps_.pop()) {
      const auto after = std::upper_bound(corners.begin(), corners.end(), gaps_.top().left,
                                          [](int64_t total, const Corner& corner) { return total < corner.total; });
      std::prev(after)->gap_after = true;
    }
    return corners;
  }

  TradeOff& trade_off_;
  const CancelCheck& cancelled_;
  std::map<int64_t, Pick> picks_;  // by total
  std::priority_queue<Gap> gaps_;
};

}  // namespace

absl::StatusOr<std::vector<Corner>> FindCorners(TradeOff& trade_off, int64_t max_points, const CancelCheck& cancelled) {
  return CornerSearch(trade_off, cancelled).Run(max_points);
}

}  // namespace recurve
