// SPDX-License-Identifier: Apache-2.0
#include "planner_service/planning/credit_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "planner_service/planning/hsm.h"
#include "planner_service/planning/saturating.h"

namespace recurve {
namespace {

constexpr int64_t kWidths[] = {12, 64};
constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();
constexpr int64_t kMaxWork = 30'000'000;
constexpr int64_t kWorkOfEntry = 30;  // so that a table has at most kMaxWork / 30 entries of 8 bytes
constexpr int64_t kNone = -1;         // no chain

}  // namespace

CreditSearch::CreditSearch(const LeafLevels& levels, int64_t length) : levels_(levels), length_(length) {
  const int64_t count = levels.tail() + 1;
  leaf_.reserve(count);
  before_.reserve(count + 1);
  before_.push_back(0);
  for (int64_t level = 0; level < count; ++level) {
    leaf_.push_back(levels.leaf(level));
    before_.push_back(before_.back() + (level < levels.tail() ? leaf_.back() : levels.tail_slots() + 1));
  }
}

absl::Status CreditSearch::Run(const CancelCheck& cancelled) {
  FindClass();
  FindPrice();
  for (int64_t width : kWidths) {
    if (absl::Status status = SearchNear(credit_bound_, width, cancelled); !status.ok()) return status;
    if (proved()) return absl::OkStatus();
  }
  // The far end of the hull's edge is long enough whatever the width.
  if (credit_ < 0) {
    if (absl::Status status = SearchNear(BestOfChain(price_, true).credit, kWidths[0], cancelled); !status.ok()) {
      return status;
    }
  }
  return SearchAll(cancelled);
}

absl::Status CreditSearch::SearchNear(int64_t center, int64_t width, const CancelCheck& cancelled) {
  const Limits limits = {.center = center,
                         .width = width,
                         .shortfall = std::numeric_limits<__int128>::max(),
                         .work = width == kWidths[0] ? kUnlimited : kMaxWork};
  bool finished = false;
  Table table;
  if (absl::Status status = Fill(limits, cancelled, table, &finished); !status.ok()) return status;
  if (finished) KeepIfBetter(std::move(table));
  return absl::OkStatus();
}

absl::Status CreditSearch::SearchAll(const CancelCheck& cancelled) {
  const Limits limits = {.center = credit_,
                         .width = kUnlimited,
                         .shortfall = Value(price_, BestOfChain(price_, false)) -
                                      Value(price_, {.length = length_, .credit = credit_ + 1}),
                         .work = kMaxWork};
  bool finished = false;
  Table table;
  if (absl::Status status = Fill(limits, cancelled, table, &finished); !status.ok()) return status;
  if (!finished) return absl::OkStatus();
  KeepIfBetter(std::move(table));
  credit_bound_ = credit_;
  return absl::OkStatus();
}

void CreditSearch::KeepIfBetter(Table table) {
  const Window& whole = table.windows[Index(class_, 0)];
  for (int64_t k = whole.count - 1; k >= 0 && whole.low_credit + k > credit_; --k) {
    if (table.lengths[whole.offset + k] < length_) continue;
    credit_ = whole.low_credit + k;
    table_ = std::move(table);
    return;
  }
}

__int128 CreditSearch::Value(const Price& price, const Point& point) {
  return static_cast<__int128>(price.length) * point.length + static_cast<__int128>(price.credit) * point.credit;
}

// What the levels from the tail on do as a whole: nothing is taped there, so it is hidden state memorization.
CreditSearch::Point CreditSearch::TailPoint(int64_t klass) const {
  return {.length = HsmReach(levels_.tail_slots(), klass), .credit = HsmReach(levels_.tail_slots() + 1, klass - 1)};
}

// The smallest r for which chains of class r are long enough: L(0, i) = leaf(i), L(r, i) = L(r - 1, i) + L(r, i + 1).
void CreditSearch::FindClass() {
  std::vector<int64_t> longest = leaf_;
  for (class_ = 0; longest[0] < length_;) {
    longest.back() = TailPoint(++class_).length;
    for (int64_t level = levels_.tail() - 1; level >= 0; --level) {
      longest[level] = SaturatingAdd(longest[level], longest[level + 1]);
    }
  }
}

// A chain of class 1 fills the leaves of all levels down to some level q, and has the leaf of q for its credit.
std::vector<CreditSearch::Point> CreditSearch::BestOfClassOne(const Price& price, bool prefer_length) const {
  std::vector<Point> points(levels_.tail() + 1);
  Point best;
  __int128 best_value = -1;
  for (int64_t level = levels_.tail(); level >= 0; --level) {
    const Point point = {.length = before_[level + 1], .credit = leaf_[level]};
    const __int128 value = Value(price, point);
    const bool preferred = prefer_length ? point.length > best.length : point.credit > best.credit;
    if (value > best_value || (value == best_value && preferred)) {
      best = point;
      best_value = value;
    }
    points[level] = {.length = best.length - before_[level], .credit = best.credit};
  }
  return points;
}

void CreditSearch::NextClass(int64_t klass, std::vector<Point>& points) const {
  points.back() = TailPoint(klass);
  for (int64_t level = levels_.tail() - 1; level >= 0; --level) {
    points[level].length += points[level + 1].length;
    points[level].credit += points[level + 1].credit;
  }
}

CreditSearch::Point CreditSearch::BestOfChain(const Price& price, bool prefer_length) const {
  std::vector<Point> points = BestOfClassOne(price, prefer_length);
  for (int64_t klass = 2; klass <= class_; ++klass) NextClass(klass, points);
  return points[0];
}

// Narrows the edge of the convex hull of (credit, length) under which the chain's length lies. At the price at which
// the ends of that edge are worth the same, the Lagrangian bound is the tightest.
void CreditSearch::FindPrice() {
  Point rich = BestOfChain({.length = 0, .credit = 1}, true);
  Point far = BestOfChain({.length = 1, .credit = 0}, false);
  if (rich.length >= length_) {
    price_ = {.length = 1, .credit = rich.length + 1};
    credit_bound_ = rich.credit;
    return;
  }
  while (true) {
    price_ = {.length = rich.credit - far.credit, .credit = far.length - rich.length};
    const Point point = BestOfChain(price_, false);
    if (Value(price_, point) == Value(price_, rich)) break;
    (point.length >= length_ ? far : rich) = point;
  }
  const __int128 left = Value(price_, rich) - static_cast<__int128>(price_.length) * length_;
  credit_bound_ = static_cast<int64_t>(left / price_.credit);
}

absl::Status CreditSearch::Fill(const Limits& limits, const CancelCheck& cancelled, Table& table,
                                bool* finished) const {
  table.windows.resize(class_ * (levels_.tail() + 1));
  *finished = false;
  std::vector<Point> rich = BestOfClassOne(price_, false);
  std::vector<Point> far = BestOfClassOne(price_, true);
  const Point top_rich = BestOfChain(price_, false);
  const Point top_far = BestOfChain(price_, true);
  // Credits spread over the parts in proportion, so that the centers of parts add up to the center of the whole.
  const double fraction = top_rich.credit == top_far.credit ? 0
                                                            : static_cast<double>(top_rich.credit - limits.center) /
                                                                  static_cast<double>(top_rich.credit - top_far.credit);
  for (int64_t klass = 1; klass <= class_; ++klass) {
    if (klass > 1) {
      NextClass(klass, rich);
      NextClass(klass, far);
    }
    for (int64_t level = levels_.tail(); level >= 0; --level) {
      const double given = fraction * static_cast<double>(rich[level].credit - far[level].credit);
      const int64_t center = rich[level].credit - std::llround(given);
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

void CreditSearch::AddClassOneWindow(int64_t level, __int128 best, int64_t center, const Limits& limits,
                                     Table& table) const {
  const int64_t most = leaf_[level];
  const int64_t reach = limits.width == kUnlimited ? most : limits.width;
  const int64_t low = std::max<int64_t>(1, center - reach);
  const int64_t high = std::min(most, center + reach);
  table.sums.clear();
  for (int64_t credit = low; credit <= high; ++credit) {
    table.sums.push_back(before_[levels_.Deepest(credit) + 1] - before_[level]);
  }
  Keep(1, level, low, best, center, limits, table);
  table.windows[Index(1, level)].shortest = leaf_[level];
}

void CreditSearch::AddWindow(int64_t klass, int64_t level, __int128 best, int64_t center, const Limits& limits,
                             Table& table) const {
  table.sums.clear();
  if (level == levels_.tail()) {
    const Point tail = TailPoint(klass);
    table.sums.push_back(tail.length);
    Keep(klass, level, tail.credit, best, center, limits, table);
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

void CreditSearch::Keep(int64_t klass, int64_t level, int64_t low_credit, __int128 best, int64_t center,
                        const Limits& limits, Table& table) const {
  const std::vector<int64_t>& lengths = table.sums;
  int64_t first = 0;
  int64_t last = static_cast<int64_t>(lengths.size()) - 1;
  auto too_short = [&](int64_t k) {
    return best - Value(price_, {.length = lengths[k], .credit = low_credit + k}) > limits.shortfall;
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

// The credits whose lengths add up to the most; what is too much is taken off the left part as far as its class allows.
std::pair<CreditSearch::Part, CreditSearch::Part> CreditSearch::ShareOut(const Part& part) const {
  Part left = {.level = part.level, .klass = part.klass - 1};
  Part right = {.level = part.level + 1, .klass = part.klass};
  const Window& lefts = table_.windows[Index(part.klass - 1, part.level)];
  const Window& rights = table_.windows[Index(part.klass, part.level + 1)];
  const int64_t first = std::max(lefts.low_credit, part.credit - rights.low_credit - rights.count + 1);
  const int64_t last = std::min(lefts.low_credit + lefts.count - 1, part.credit - rights.low_credit);
  int64_t longest = kNone;
  int64_t left_longest = 0;
  for (int64_t credit = first; credit <= last; ++credit) {
    const int64_t length = table_.lengths[lefts.offset + (credit - lefts.low_credit)];
    const int64_t sum = length + table_.lengths[rights.offset + (part.credit - credit - rights.low_credit)];
    if (sum <= longest) continue;
    longest = sum;
    left_longest = length;
    left.credit = part.klass == 2 ? 0 : credit;
    right.credit = part.credit - credit;
  }
  left.length = std::max(lefts.shortest, left_longest - (longest - part.length));
  right.length = part.length - left.length;
  return {left, right};
}

}  // namespace recurve
