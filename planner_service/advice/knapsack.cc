// SPDX-License-Identifier: Apache-2.0
#include "planner_service/advice/knapsack.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace recurve {
namespace {

constexpr int64_t kMaxSums = 5'000'000;  // looked at

// A step along the lower convex hull of a menu.
struct Step {
  size_t menu;
  size_t item;  // that it leads to
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

// A sum of items of the menus so far.
struct Sum {
  int64_t bytes;
  double time;
  uint32_t item;    // of the last menu
  uint32_t before;  // index of the sum without it, among those of one menu less
};

class Knapsack {
 public:
  Knapsack(const std::vector<const Menu*>& menus, int64_t total_bytes, const CancelCheck& cancelled)
      : menus_(menus), total_bytes_(total_bytes), cancelled_(cancelled) {}

  absl::StatusOr<Choice> Run() {
    WalkHulls();
    const double bound = Bound(&Menu::items);
    bool hidden = false;
    for (const Menu* menu : menus_) hidden |= !menu->hidden.empty();
    const absl::StatusOr<bool> proved = SumUp(bound);
    if (!proved.ok()) return proved.status();
    choice_.time_lower_bound = *proved ? choice_.time : std::min(bound, choice_.time);
    if (hidden) choice_.time_lower_bound = std::min(choice_.time_lower_bound, Bound(&Menu::hidden));
    return choice_;
  }

 private:
  // From the cheapest items along the hulls, the steps that save most per byte first.
  void WalkHulls() {
    std::vector<Step> steps;
    int64_t bytes = 0;
    choice_.items.assign(menus_.size(), 0);
    for (size_t menu = 0; menu < menus_.size(); ++menu) {
      const std::vector<Item>& items = menus_[menu]->items;
      const std::vector<size_t> hull = LowerHull(items);
      bytes += items.front().bytes;
      choice_.time += items.front().time;
      for (size_t i = 1; i < hull.size(); ++i) {
        const Item& from = items[hull[i - 1]];
        const Item& to = items[hull[i]];
        steps.push_back({menu, hull[i], to.bytes - from.bytes, from.time - to.time});
      }
    }
    std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.price() > b.price(); });
    std::vector<bool> stopped(menus_.size(), false);
    for (const Step& step : steps) {
      if (stopped[step.menu]) continue;
      if (bytes + step.bytes > total_bytes_) {
        if (price_ == 0) price_ = step.price();
        stopped[step.menu] = true;
        continue;
      }
      bytes += step.bytes;
      choice_.time -= step.saving;
      choice_.items[step.menu] = step.item;
    }
    choice_.time = 0;
    for (size_t menu = 0; menu < menus_.size(); ++menu) choice_.time += menus_[menu]->items[choice_.items[menu]].time;
  }

  double Priced(const Item& item) const { return item.time + price_ * static_cast<double>(item.bytes); }

  // The least that items of a menu can be worth, those of `more` included.
  double Least(const Menu& menu, std::vector<Item> Menu::*more) const {
    double least = Priced(menu.items.front());
    for (const Item& item : menu.items) least = std::min(least, Priced(item));
    for (const Item& item : menu.*more) least = std::min(least, Priced(item));
    return least;
  }

  double Bound(std::vector<Item> Menu::*more) const {
    double bound = -price_ * static_cast<double>(total_bytes_);
    for (const Menu* menu : menus_) bound += Least(*menu, more);
    return bound;
  }

  // Tells whether all better choices were looked at.
  absl::StatusOr<bool> SumUp(double bound) {
    const double regret = choice_.time - bound;
    std::vector<std::vector<Sum>> layers = {{{.bytes = 0, .time = 0}}};
    double least = 0;            // of the menus so far
    int64_t cheapest_after = 0;  // bytes that the menus to come take at least
    int64_t looked_at = 0;
    for (const Menu* menu : menus_) cheapest_after += menu->items.front().bytes;
    for (const Menu* menu : menus_) {
      if (cancelled_ && cancelled_()) return absl::CancelledError("the question was cancelled");
      least += Least(*menu, &Menu::items);
      cheapest_after -= menu->items.front().bytes;
      const std::vector<uint32_t> worthy = Worthy(*menu, regret);
      looked_at += static_cast<int64_t>(layers.back().size() * worthy.size());
      if (looked_at > kMaxSums) return false;
      layers.push_back(Extend(layers.back(), *menu, worthy, least + regret, total_bytes_ - cheapest_after));
    }
    TakeBest(layers);
    return true;
  }

  // The items of a menu that regret less than so much by themselves.
  std::vector<uint32_t> Worthy(const Menu& menu, double regret) const {
    const double most_priced = Least(menu, &Menu::items) + regret;
    std::vector<uint32_t> worthy;
    for (uint32_t index = 0; index < menu.items.size(); ++index) {
      if (Priced(menu.items[index]) < most_priced) worthy.push_back(index);
    }
    return worthy;
  }

  std::vector<Sum> Extend(const std::vector<Sum>& sums, const Menu& menu, const std::vector<uint32_t>& worthy,
                          double most_priced, int64_t most_bytes) const {
    std::vector<Sum> longer;
    for (uint32_t before = 0; before < sums.size(); ++before) {
      for (const uint32_t index : worthy) {
        const Sum sum = {.bytes = sums[before].bytes + menu.items[index].bytes,
                         .time = sums[before].time + menu.items[index].time,
                         .item = index,
                         .before = before};
        if (sum.bytes > most_bytes) break;
        if (Priced({.bytes = sum.bytes, .time = sum.time}) < most_priced) longer.push_back(sum);
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

  // The last sum of the last layer has the least time, where there is any that is better than what is known.
  void TakeBest(const std::vector<std::vector<Sum>>& layers) {
    if (layers.back().empty() || layers.back().back().time >= choice_.time) return;
    choice_.time = layers.back().back().time;
    size_t index = layers.back().size() - 1;
    for (size_t menu = menus_.size(); menu > 0; --menu) {
      const Sum& sum = layers[menu][index];
      choice_.items[menu - 1] = sum.item;
      index = sum.before;
    }
  }

  const std::vector<const Menu*>& menus_;
  const int64_t total_bytes_;
  const CancelCheck& cancelled_;
  Choice choice_;
  double price_ = 0;  // of a byte
};

}  // namespace

absl::StatusOr<Choice> ChooseItems(const std::vector<const Menu*>& menus, int64_t total_bytes,
                                   const CancelCheck& cancelled) {
  return Knapsack(menus, total_bytes, cancelled).Run();
}

}  // namespace recurve
