// SPDX-License-Identifier: Apache-2.0
#include "planner_service/capacity/knapsack.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr int64_t kMaxSums = 5'000'000;  // that are computed

// A step along the lower convex hull of a menu.
struct Step {
  size_t menu;
  size_t item;  // at the end of the step
  int64_t bytes;
  double saving;
  double price() const { return saving / static_cast<double>(bytes); }
};

std::vector<size_t> LowerHull(const std::vector<Item>& items) {
  const auto slope = [&](size_t a, size_t b) {
    return (items[a].time - items[b].time) / static_cast<double>(items[b].bytes - items[a].bytes);
  };
  std::vector<size_t> hull;
  for (size_t i = 0; i < items.size(); ++i) {
    if (!hull.empty() && items[i].time >= items[hull.back()].time) continue;
    while (hull.size() > 1 && slope(hull[hull.size() - 2], hull.back()) <= slope(hull.back(), i)) hull.pop_back();
    hull.push_back(i);
  }
  return hull;
}

std::vector<Step> HullSteps(const std::vector<const Menu*>& menus) {
  std::vector<Step> steps;
  for (size_t menu = 0; menu < menus.size(); ++menu) {
    const std::vector<Item>& items = menus[menu]->items;
    const std::vector<size_t> hull = LowerHull(items);
    for (size_t i = 1; i < hull.size(); ++i) {
      const Item& from = items[hull[i - 1]];
      const Item& to = items[hull[i]];
      steps.push_back({menu, hull[i], to.bytes - from.bytes, from.time - to.time});
    }
  }
  std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.price() > b.price(); });
  return steps;
}

}  // namespace

Knapsack::Knapsack(const std::vector<const Menu*>& menus, int64_t total_bytes)
    : menus_(menus), total_bytes_(total_bytes) {
  WalkHulls();
  SetBound();
}

// Greedy: starts from the cheapest items and takes the hull steps that save the most time per byte first. The price of
// the first step that does not fit gives the tightest bound.
void Knapsack::WalkHulls() {
  choice_.items.assign(menus_.size(), 0);
  int64_t bytes = 0;
  for (const Menu* menu : menus_) bytes += menu->items.front().bytes;
  std::vector<bool> stopped(menus_.size(), false);
  for (const Step& step : HullSteps(menus_)) {
    if (stopped[step.menu]) continue;
    if (bytes + step.bytes > total_bytes_) {
      if (price_ == 0) price_ = step.price();
      stopped[step.menu] = true;
      continue;
    }
    bytes += step.bytes;
    choice_.items[step.menu] = step.item;
  }
  for (size_t menu = 0; menu < menus_.size(); ++menu) choice_.time += menus_[menu]->items[choice_.items[menu]].time;
}

void Knapsack::SetBound() {
  bound_ = -price_ * static_cast<double>(total_bytes_);
  for (const Menu* menu : menus_) {
    double least = std::numeric_limits<double>::infinity();
    for (const Item& item : menu->items) least = std::min(least, Priced(item));
    for (const Item& item : menu->hidden) least = std::min(least, Priced(item));
    least_.push_back(least);
    bound_ += least;
  }
}

absl::StatusOr<Choice> Knapsack::Solve(const CancelCheck& cancelled) {
  // A lower bound for choices with a hidden item.
  double hidden_bound = std::numeric_limits<double>::infinity();
  for (size_t menu = 0; menu < menus_.size(); ++menu) {
    for (const Item& item : menus_[menu]->hidden) hidden_bound = std::min(hidden_bound, bound_ + Regret(menu, item));
  }
  ASSIGN_OR_RETURN(const bool best, BuildSums(cancelled));
  choice_.time_lower_bound = std::min({choice_.time, hidden_bound, best ? choice_.time : bound_});
  return choice_;
}

// Returns whether all listed choices that could be better were covered.
absl::StatusOr<bool> Knapsack::BuildSums(const CancelCheck& cancelled) {
  std::vector<std::vector<Sum>> layers = {{Sum()}};
  int64_t cheapest_after = 0;  // minimum bytes of the remaining menus
  int64_t computed = 0;
  for (const Menu* menu : menus_) cheapest_after += menu->items.front().bytes;
  for (size_t menu = 0; menu < menus_.size(); ++menu) {
    if (cancelled && cancelled()) return absl::CancelledError("the request was cancelled");
    cheapest_after -= menus_[menu]->items.front().bytes;
    const std::vector<uint32_t> candidates = Candidates(menu);
    computed += static_cast<int64_t>(layers.back().size() * candidates.size());
    if (computed > kMaxSums) return false;
    layers.push_back(Extend(layers.back(), menu, candidates, total_bytes_ - cheapest_after));
  }
  TakeBest(layers);
  return true;
}

// The items of a menu whose regret alone does not use up the slack.
std::vector<uint32_t> Knapsack::Candidates(size_t menu) const {
  std::vector<uint32_t> candidates;
  for (uint32_t index = 0; index < menus_[menu]->items.size(); ++index) {
    if (Regret(menu, menus_[menu]->items[index]) < Slack()) candidates.push_back(index);
  }
  return candidates;
}

std::vector<Knapsack::Sum> Knapsack::Extend(const std::vector<Sum>& sums, size_t menu,
                                            const std::vector<uint32_t>& candidates, int64_t most_bytes) const {
  std::vector<Sum> longer;
  for (uint32_t before = 0; before < sums.size(); ++before) {
    for (const uint32_t index : candidates) {
      const Item& item = menus_[menu]->items[index];
      const Sum sum = {.bytes = sums[before].bytes + item.bytes,
                       .time = sums[before].time + item.time,
                       .regret = sums[before].regret + Regret(menu, item),
                       .item = index,
                       .before = before};
      if (sum.bytes > most_bytes) break;
      if (sum.regret < Slack()) longer.push_back(sum);
    }
  }
  std::sort(longer.begin(), longer.end(),
            [](const Sum& a, const Sum& b) { return std::pair(a.bytes, a.time) < std::pair(b.bytes, b.time); });
  std::vector<Sum> best;
  for (const Sum& sum : longer) {
    if (best.empty() || sum.time < best.back().time) best.push_back(sum);
  }
  return best;
}

// The last sum of the last layer has the minimum time. Takes it if it beats the current choice.
void Knapsack::TakeBest(const std::vector<std::vector<Sum>>& layers) {
  if (layers.back().empty() || layers.back().back().time >= choice_.time) return;
  choice_.time = layers.back().back().time;
  size_t index = layers.back().size() - 1;
  for (size_t menu = menus_.size(); menu > 0; --menu) {
    const Sum& sum = layers[menu][index];
    choice_.items[menu - 1] = sum.item;
    index = sum.before;
  }
}

}  // namespace recurve
