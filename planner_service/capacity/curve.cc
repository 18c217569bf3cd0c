// SPDX-License-Identifier: Apache-2.0
#include "planner_service/capacity/curve.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <queue>

#include "planner_service/status/status_macros.h"

namespace recurve {

double LogarithmicArea(const Corner& left, const Corner& right) {
  const auto bytes = [](int64_t total) { return std::log(static_cast<double>(std::max<int64_t>(1, total))); };
  return (bytes(right.total) - bytes(left.total)) * std::log(left.pick.slowdown / right.pick.slowdown);
}

absl::Status CornerSearch::FindEnds() {
  const int64_t least = trade_off_.least_total();
  const int64_t most = trade_off_.most_total();
  if (least > most) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Pick first, At(least));
  ASSIGN_OR_RETURN(const Pick last, At(most));
  picks_[least] = first;
  ASSIGN_OR_RETURN(const int64_t end, AddCorner(last.slowdown, least - 1, most));
  const Gap all = {.left = least, .flat_until = least, .right = end};
  if (MayHide(all)) gaps_.push_back(all);
  return absl::OkStatus();
}

absl::StatusOr<Pick> CornerSearch::At(int64_t total) {
  ASSIGN_OR_RETURN(const std::optional<Pick> pick, trade_off_.UpTo(total, cancelled_));
  return *pick;
}

// Adds the corner in (low, high] at which the slowdown drops to its value at `high`. Most steps of a curve are short,
// so the search gallops downwards from `high`, then bisects.
absl::StatusOr<int64_t> CornerSearch::AddCorner(double slowdown, int64_t low, int64_t high) {
  for (int64_t step = trade_off_.unit(); high - step > low; step *= 2) {
    ASSIGN_OR_RETURN(const Pick pick, At(high - step));
    if (pick.slowdown != slowdown) {
      low = high - step;
      break;
    }
    high -= step;
  }
  absl::StatusOr<int64_t> corner = trade_off_.Smallest(slowdown, low + 1, high, cancelled_);
  if (!corner.ok()) return corner;
  ASSIGN_OR_RETURN(const Pick pick, At(*corner));
  picks_[*corner] = pick;
  return corner;
}

// The geometric mean if the gap is wide, otherwise the arithmetic mean.
int64_t CornerSearch::Middle(const Gap& gap) const {
  const int64_t from = std::max(gap.flat_until, trade_off_.unit());
  const int64_t middle =
      gap.right / 4 > from
          ? static_cast<int64_t>(std::sqrt(static_cast<double>(from)) * std::sqrt(static_cast<double>(gap.right)))
          : gap.flat_until + (gap.right - gap.flat_until) / 2;
  const int64_t units = std::max<int64_t>(1, (middle - gap.flat_until) / trade_off_.unit());
  return gap.flat_until + units * trade_off_.unit();
}

absl::StatusOr<std::optional<std::vector<CornerSearch::Gap>>> CornerSearch::Halve(const Gap& gap, int64_t max_corners) {
  const int64_t middle = Middle(gap);
  ASSIGN_OR_RETURN(const Pick pick, At(middle));
  if (pick.slowdown == picks_[gap.left].slowdown) return std::vector<Gap>{{gap.left, middle, gap.right}};
  if (static_cast<int64_t>(picks_.size()) >= max_corners) return std::nullopt;
  ASSIGN_OR_RETURN(const int64_t corner, AddCorner(pick.slowdown, gap.flat_until, middle));
  return std::vector<Gap>{{gap.left, gap.flat_until, corner}, {corner, middle, gap.right}};
}

absl::Status CornerSearch::Split(int64_t max_corners, const Worth& worth) {
  std::priority_queue<Ranked> ranked;
  std::vector<Gap> worthless;
  const auto add = [&](const Gap& gap) {
    if (!MayHide(gap)) return;
    const double value = worth({gap.flat_until, picks_[gap.left]}, {gap.right, picks_[gap.right]});
    if (value > 0) {
      ranked.push({value, gap});
    } else {
      worthless.push_back(gap);
    }
  };
  for (const Gap& gap : gaps_) add(gap);
  while (!ranked.empty()) {
    ASSIGN_OR_RETURN(const std::optional<std::vector<Gap>> parts, Halve(ranked.top().gap, max_corners));
    if (!parts.has_value()) break;
    ranked.pop();
    for (const Gap& part : *parts) add(part);
  }
  gaps_ = std::move(worthless);
  for (; !ranked.empty(); ranked.pop()) gaps_.push_back(ranked.top().gap);
  return absl::OkStatus();
}

std::vector<Corner> CornerSearch::Corners() const {
  std::vector<Corner> corners;
  for (const auto& [total, pick] : picks_) {
    if (corners.empty() || pick.slowdown < corners.back().pick.slowdown) corners.push_back({total, pick});
  }
  for (const Gap& gap : gaps_) {
    const auto after = std::upper_bound(corners.begin(), corners.end(), gap.left,
                                        [](int64_t total, const Corner& corner) { return total < corner.total; });
    std::prev(after)->hidden_from = gap.flat_until + trade_off_.unit();
  }
  return corners;
}

}  // namespace recurve
