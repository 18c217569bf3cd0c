// SPDX-License-Identifier: Apache-2.0
#include "planner_service/planning/cost_row.h"

#include <algorithm>

namespace recurve {
namespace {

using Wide = __int128;            // a cost times a length
constexpr size_t kFewBends = 16;  // up to here, trying all bends is faster than a search

class SplitSearch {
 public:
  SplitSearch(const CostRow& f, const CostRow& g, int64_t total, int64_t least)
      : f_(f), g_(g), total_(total), least_(least), most_(total - 1), best_{.cost = INT64_MAX, .left = least} {}

  Split Run(int64_t near) {
    if (f_.bends().size() + g_.bends().size() <= kFewBends) return RunOverAll();
    const int64_t bottom = Bottom(std::clamp(near, least_, most_));
    Consider(bottom);
    Consider(least_);
    Consider(most_);
    if (IsPast(bottom)) return best_;
    const std::vector<int64_t>& lefts = f_.bends();
    const auto left = std::lower_bound(lefts.begin(), lefts.end(), bottom) - lefts.begin();
    LookOutwards(lefts, left, [](int64_t bend) { return bend; });
    const std::vector<int64_t>& rights = g_.bends();
    const auto right = std::lower_bound(rights.begin(), rights.end(), total_ - bottom) - rights.begin();
    LookOutwards(rights, right, [this](int64_t bend) { return total_ - bend; });
    return best_;
  }

 private:
  Split RunOverAll() {
    Consider(least_);
    Consider(most_);
    for (int64_t bend : f_.bends()) {
      if (bend >= least_ && bend <= most_) Consider(bend);
    }
    for (int64_t bend : g_.bends()) {
      if (total_ - bend >= least_ && total_ - bend <= most_) Consider(total_ - bend);
    }
    return best_;
  }

  // The first left after which the sum of the hulls does not fall: galloping steps from `near`, then bisection.
  int64_t Bottom(int64_t near) const {
    int64_t low = least_;
    int64_t high = most_;
    for (int64_t step = 1, at = near; low < high; step *= 2) {
      at = std::clamp(at, low, high - 1);
      if (Falls(at)) {
        low = at + 1;
        at = low + step;
      } else {
        high = at;
        at = high - step;
      }
      if (step > high - low) break;
    }
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      if (Falls(middle)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  // Whether the sum of the hulls falls from `left` to `left` + 1.
  bool Falls(int64_t left) const {
    const CostRow::Line more = f_.LineAfter(left);
    const CostRow::Line less = g_.LineAfter(total_ - left - 1);
    return static_cast<Wide>(more.rise + more.links()) * less.links() < static_cast<Wide>(less.rise) * more.links();
  }

  // Whether no split from `left` outwards, on this side of the bottom, beats the best: the sum of the hulls is above
  // best - 1, and costs are integers.
  bool IsPast(int64_t left) const {
    const CostRow::Line a = f_.LineAfter(std::min(left, f_.size() - 2));
    const CostRow::Line b = g_.LineAfter(total_ - left - 1);
    const Wide on_a = static_cast<Wide>(a.rise) * (left - a.begin);
    const Wide on_b = static_cast<Wide>(b.rise) * (total_ - left - b.begin);
    const Wide rest = static_cast<Wide>(best_.cost) - 1 - left - f_[a.begin] - g_[b.begin];
    return on_a * b.links() + on_b * a.links() > rest * a.links() * b.links();
  }

  template <typename ToLeft>
  void LookOutwards(const std::vector<int64_t>& bends, int64_t from, const ToLeft& to_left) {
    const auto count = static_cast<int64_t>(bends.size());
    for (int64_t i = from; i < count && Look(to_left(bends[i])); ++i) continue;
    for (int64_t i = from - 1; i >= 0 && Look(to_left(bends[i])); --i) continue;
  }

  // False when no candidate beyond `left` can be better.
  bool Look(int64_t left) {
    if (left < least_ || left > most_ || IsPast(left)) return false;
    Consider(left);
    return true;
  }

  void Consider(int64_t left) {
    const int64_t cost = left + f_[left] + g_[total_ - left];
    if (cost < best_.cost) best_ = {.cost = cost, .left = left};
  }

  const CostRow& f_;
  const CostRow& g_;
  const int64_t total_;
  const int64_t least_;
  const int64_t most_;
  Split best_;
};

}  // namespace

void CostRow::Append(int64_t cost) {
  costs_.push_back(cost);
  const int64_t last = size() - 1;
  if (last >= 2 && cost - costs_[last - 1] > costs_[last - 1] - costs_[last - 2]) bends_.push_back(last - 1);
  for (; hull_.size() >= 2; hull_.pop_back()) {
    const int64_t a = hull_[hull_.size() - 2];
    const int64_t b = hull_.back();
    if (static_cast<Wide>(costs_[b] - costs_[a]) * (last - b) < static_cast<Wide>(cost - costs_[b]) * (b - a)) break;
  }
  hull_.push_back(last);
}

CostRow::Line CostRow::LineAfter(int64_t length) const {
  const auto end = std::upper_bound(hull_.begin(), hull_.end(), length);
  const int64_t begin = *(end - 1);
  return {.begin = begin, .end = *end, .rise = costs_[*end] - costs_[begin]};
}

Split BestSplit(const CostRow& f, const CostRow& g, int64_t total, int64_t least, int64_t near) {
  return SplitSearch(f, g, total, least).Run(near);
}

}  // namespace recurve
