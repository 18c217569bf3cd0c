// SPDX-License-Identifier: Apache-2.0
#include "planner_service/planning/lagrangian_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "planner_service/planning/hsm.h"
#include "planner_service/planning/saturating.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr int64_t kWidths[] = {12, 64};  // window widths of the narrow passes
constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();
constexpr int64_t kMaxWork = 30'000'000;
constexpr int64_t kWorkOfEntry = 30;  // limits a table to kMaxWork / 30 entries of 8 bytes
constexpr int64_t kNone = -1;         // no chain

}  // namespace

LagrangianSearch::LagrangianSearch(const LeafLevels& levels, int64_t length) : levels_(levels), length_(length) {
  const int64_t count = levels.tail() + 1;
  leaf_.reserve(count);
  before_.reserve(count + 1);
  before_.push_back(0);
  for (int64_t level = 0; level < count; ++level) {
    leaf_.push_back(levels.leaf(level));
    before_.push_back(before_.back() + (level < levels.tail() ? leaf_.back() : levels.tail_slots() + 1));
  }
}

absl::Status LagrangianSearch::Run(const CancelCheck& cancelled) {
  FindClass();
  FindPrice();
  for (int64_t width : kWidths) {
    RETURN_IF_ERROR(SearchNear(savings_bound_, width, cancelled));
    if (proved()) return absl::OkStatus();
  }
  // The far end of the hull's edge is long enough for any window width.
  if (savings_ < 0) {
    RETURN_IF_ERROR(SearchNear(BestOfChain(price_, true).savings, kWidths[0], cancelled));
  }
  return SearchAll(cancelled);
}

absl::Status LagrangianSearch::SearchNear(int64_t center, int64_t width, const CancelCheck& cancelled) {
  const Limits limits = {.center = center,
                         .width = width,
                         .shortfall = std::numeric_limits<__int128>::max(),
                         .work = width == kWidths[0] ? kUnlimited : kMaxWork};
  bool finished = false;
  Table table;
  RETURN_IF_ERROR(Fill(limits, cancelled, table, &finished));
  if (finished) KeepIfBetter(std::move(table));
  return absl::OkStatus();
}

absl::Status LagrangianSearch::SearchAll(const CancelCheck& cancelled) {
  const Limits limits = {.center = savings_,
                         .width = kUnlimited,
                         .shortfall = Value(price_, BestOfChain(price_, false)) -
                                      Value(price_, {.length = length_, .savings = savings_ + 1}),
                         .work = kMaxWork};
  bool finished = false;
  Table table;
  RETURN_IF_ERROR(Fill(limits, cancelled, table, &finished));
  if (!finished) return absl::OkStatus();
  KeepIfBetter(std::move(table));
  savings_bound_ = savings_;
  return absl::OkStatus();
}

void LagrangianSearch::KeepIfBetter(Table table) {
  const Window& whole = table.windows[Index(class_, 0)];
  for (int64_t k = whole.count - 1; k >= 0 && whole.low_credit + k > savings_; --k) {
    if (table.lengths[whole.offset + k] < length_) continue;
    savings_ = whole.low_credit + k;
    table_ = std::move(table);
    return;
  }
}

__int128 LagrangianSearch::Value(const Price& price, const Point& point) {
  return static_cast<__int128>(price.length) * point.length + static_cast<__int128>(price.savings) * point.savings;
}

// The levels from the tail on, taken together: no tape is stored there, so this is hidden state memorization.
LagrangianSearch::Point LagrangianSearch::TailPoint(int64_t klass) const {
  return {.length = HsmReach(levels_.tail_slots(), klass), .savings = HsmReach(levels_.tail_slots() + 1, klass - 1)};
}

// The smallest r for which chains of class r are long enough. The longest chain of class r at level i is
// L(0, i) = leaf(i), L(r, i) = L(r - 1, i) + L(r, i + 1).
void LagrangianSearch::FindClass() {
  std::vector<int64_t> longest = leaf_;
  for (class_ = 0; longest[0] < length_;) {
    longest.back() = TailPoint(++class_).length;
    for (int64_t level = levels_.tail() - 1; level >= 0; --level) {
      longest[level] = SaturatingAdd(longest[level], longest[level + 1]);
    }
  }
}

// A chain of class 1 fills the leaves of all levels up to some level q; its savings are the leaf of q.
std::vector<LagrangianSearch::Point> LagrangianSearch::BestOfClassOne(const Price& price, bool prefer_length) const {
  std::vector<Point> points(levels_.tail() + 1);
  Point best;
  __int128 best_value = -1;
  for (int64_t level = levels_.tail(); level >= 0; --level) {
    const Point point = {.length = before_[level + 1], .savings = leaf_[level]};
    const __int128 value = Value(price, point);
    const bool preferred = prefer_length ? point.length > best.length : point.savings > best.savings;
    if (value > best_value || (value == best_value && preferred)) {
      best = point;
      best_value = value;
    }
    points[level] = {.length = best.length - before_[level], .savings = best.savings};
  }
  return points;
}

void LagrangianSearch::NextClass(int64_t klass, std::vector<Point>& points) const {
  points.back() = TailPoint(klass);
  for (int64_t level = levels_.tail() - 1; level >= 0; --level) {
    points[level].length += points[level + 1].length;
    points[level].savings += points[level + 1].savings;
  }
}

LagrangianSearch::Point LagrangianSearch::BestOfChain(const Price& price, bool prefer_length) const {
  std::vector<Point> points = BestOfClassOne(price, prefer_length);
  for (int64_t klass = 2; klass <= class_; ++klass) NextClass(klass, points);
  return points[0];
}

// Finds the edge of the convex hull of (savings, length) that spans the chain's length, narrowing it from both ends.
// The price at which both ends of that edge have equal value gives the tightest Lagrangian bound.
void LagrangianSearch::FindPrice() {
  Point rich = BestOfChain({.length = 0, .savings = 1}, true);
  Point far = BestOfChain({.length = 1, .savings = 0}, false);
  if (rich.length >= length_) {
    price_ = {.length = 1, .savings = rich.length + 1};
    savings_bound_ = rich.savings;
    return;
  }
  while (true) {
    price_ = {.length = rich.savings - far.savings, .savings = far.length - rich.length};
    const Point point = BestOfChain(price_, false);
    if (Value(price_, point) == Value(price_, rich)) break;
    (point.length >= length_ ? far : rich) = point;
  }
  const __int128 left = Value(price_, rich) - static_cast<__int128>(price_.length) * length_;
  savings_bound_ = static_cast<int64_t>(left / price_.savings);
}

absl::Status LagrangianSearch::Fill(const Limits& limits, const CancelCheck& cancelled, Table& table,
                                    bool* finished) const {
  table.windows.resize(class_ * (levels_.tail() + 1));
  *finished = false;
  std::vector<Point> rich = BestOfClassOne(price_, false);
  std::vector<Point> far = BestOfClassOne(price_, true);
  const Point top_rich = BestOfChain(price_, false);
  const Point top_far = BestOfChain(price_, true);
  // Distributes the savings proportionally over the parts, so that the centers of parts add up to that of the whole.
  const double fraction = top_rich.savings == top_far.savings
                              ? 0
                              : static_cast<double>(top_rich.savings - limits.center) /
                                    static_cast<double>(top_rich.savings - top_far.savings);
  for (int64_t klass = 1; klass <= class_; ++klass) {
    if (klass > 1) {
      NextClass(klass, rich);
      NextClass(klass, far);
    }
    for (int64_t level = levels_.tail(); level >= 0; --level) {
      const double given = fraction * static_cast<double>(rich[level].savings - far[level].savings);
      const int64_t center = rich[level].savings - std::llround(given);
      const __int128 best = Value(price_, rich[level]);
      if (klass == 1) {
        AddClassOneWindow(level, best, center, limits, table);
      } else {
        AddWindow(klass, level, best, center, limits, table);
      }
      if (table.work > limits.work) return absl::OkStatus();
    }
    if (cancelled && cancelled()) return absl::CancelledError("planning was cancelled");
  }
  *finished = true;
  return absl::OkStatus();
}

void LagrangianSearch::AddClassOneWindow(int64_t level, __int128 best, int64_t center, const Limits& limits,
                                         Table& table) const {
  const int64_t most = leaf_[level];
  const int64_t reach = limits.width == kUnlimited ? most : limits.width;
  const int64_t low = std::max<int64_t>(1, center - reach);
  const int64_t high = std::min(most, center + reach);
  table.sums.clear();
  for (int64_t savings = low; savings <= high; ++savings) {
    table.sums.push_back(before_[levels_.Deepest(savings) + 1] - before_[level]);
  }
  Keep(1, level, low, best, center, limits, table);
  table.windows[Index(1, level)].shortest = leaf_[level];
}

void LagrangianSearch::AddWindow(int64_t klass, int64_t level, __int128 best, int64_t center, const Limits& limits,
                                 Table& table) const {
  table.sums.clear();
  if (level == levels_.tail()) {
    const Point tail = TailPoint(klass);
    table.sums.push_back(tail.length);
    Keep(klass, level, tail.savings, best, center, limits, table);
    table.windows[Index(klass, level)].shortest = HsmReach(levels_.tail_slots(), klass - 1);
    return;
  }
  const Window& left = table.windows[Index(klass - 1, level)];
  const Window& right = table.windows[Index(klass, level + 1)];
  const int64_t shortest = left.shortest + right.shortest;
  table.work += left.count * right.count;
  if (table.work > limits.work) return;
  if (left.count > 0 && right.count > 0) {
    table.sums.assign(left.count + right.count - 1, kNone);
    for (int64_t a = 0; a < left.count; ++a) {
      const int64_t length = table.lengths[left.offset + a];
      const int64_t* from = &table.lengths[right.offset];
      int64_t* to = &table.sums[a];
      for (int64_t b = 0; b < right.count; ++b) to[b] = std::max(to[b], length + from[b]);
    }
  }
  Keep(klass, level, left.low_credit + right.low_credit, best, center, limits, table);
  table.windows[Index(klass, level)].shortest = shortest;
}

void LagrangianSearch::Keep(int64_t klass, int64_t level, int64_t low_credit, __int128 best, int64_t center,
                            const Limits& limits, Table& table) const {
  const std::vector<int64_t>& lengths = table.sums;
  int64_t first = 0;
  int64_t last = static_cast<int64_t>(lengths.size()) - 1;
  auto too_short = [&](int64_t k) {
    return best - Value(price_, {.length = lengths[k], .savings = low_credit + k}) > limits.shortfall;
  };
  while (first <= last && too_short(first)) ++first;
  while (first <= last && too_short(last)) --last;
  if (limits.width != kUnlimited && last - first + 1 > limits.width) {
    first = std::clamp(center - low_credit - limits.width / 2, first, last - limits.width + 1);
    last = first + limits.width - 1;
  }
  Window& kept = table.windows[Index(klass, level)];
  kept.low_credit = low_credit + first;
  kept.count = last - first + 1;
  kept.offset = table.lengths.size();
  table.work += kept.count * kWorkOfEntry;
  table.lengths.insert(table.lengths.end(), lengths.begin() + first, lengths.begin() + last + 1);
}

// Takes the distribution of savings with the greatest total length. The excess length is removed from the left part as
// far as its class allows, then from the right part.
std::pair<LagrangianSearch::Part, LagrangianSearch::Part> LagrangianSearch::SplitPart(const Part& part) const {
  Part left = {.level = part.level, .klass = part.klass - 1};
  Part right = {.level = part.level + 1, .klass = part.klass};
  const Window& lefts = table_.windows[Index(part.klass - 1, part.level)];
  const Window& rights = table_.windows[Index(part.klass, part.level + 1)];
  const int64_t first = std::max(lefts.low_credit, part.savings - rights.low_credit - rights.count + 1);
  const int64_t last = std::min(lefts.low_credit + lefts.count - 1, part.savings - rights.low_credit);
  int64_t longest = kNone;
  int64_t left_longest = 0;
  for (int64_t savings = first; savings <= last; ++savings) {
    const int64_t length = table_.lengths[lefts.offset + (savings - lefts.low_credit)];
    const int64_t sum = length + table_.lengths[rights.offset + (part.savings - savings - rights.low_credit)];
    if (sum <= longest) continue;
    longest = sum;
    left_longest = length;
    left.savings = part.klass == 2 ? 0 : savings;
    right.savings = part.savings - savings;
  }
  left.length = std::max(lefts.shortest, left_longest - (longest - part.length));
  right.length = part.length - left.length;
  return {left, right};
}

}  // namespace recurve
