// SPDX-License-Identifier: Apache-2.0
#include "planner_service/planning/pareto_frontier.h"

#include <utility>

namespace recurve {

void ParetoFrontierBuilder::Add(const ParetoFrontier& part, int64_t bytes, int64_t cost) {
  candidate_.clear();
  for (const ParetoPoint& point : part) {
    if (bytes + point.bytes > max_bytes_) break;
    candidate_.push_back({.bytes = bytes + point.bytes, .cost = cost + point.cost});
  }
  Merge();
}

void ParetoFrontierBuilder::AddSplit(const ParetoFrontier& left, const ParetoFrontier& right, int64_t bytes,
                                     int64_t cost) {
  const int64_t least = cost + left.back().cost + right.back().cost;
  candidate_.clear();
  size_t i = &PointWithin(left, bytes) - left.data();
  size_t j = 0;
  size_t known = 0;
  for (int64_t at = bytes; at <= max_bytes_;) {
    while (known + 1 < envelope_.size() && envelope_[known + 1].bytes <= at) ++known;
    const int64_t to_beat =
        known < envelope_.size() && envelope_[known].bytes <= at ? envelope_[known].cost : INT64_MAX;
    if (to_beat <= least) break;  // more bytes cannot help
    const int64_t both = cost + left[i].cost + right[j].cost;
    if (both < to_beat) candidate_.push_back({.bytes = at, .cost = both});
    const int64_t next_left = i + 1 < left.size() ? left[i + 1].bytes : INT64_MAX;
    const int64_t next_right = j + 1 < right.size() ? bytes + right[j + 1].bytes : INT64_MAX;
    at = std::min(next_left, next_right);
    if (at == INT64_MAX) break;
    if (next_left == at) ++i;
    if (next_right == at) ++j;
  }
  if (!candidate_.empty()) Merge();
}

void ParetoFrontierBuilder::Merge() {
  merged_.clear();
  auto a = envelope_.begin();
  auto b = candidate_.begin();
  int64_t cost = INT64_MAX;
  while (a != envelope_.end() || b != candidate_.end()) {
    const bool take_a = b == candidate_.end() ||
                        (a != envelope_.end() && (a->bytes < b->bytes || (a->bytes == b->bytes && a->cost <= b->cost)));
    const ParetoPoint& point = take_a ? *a++ : *b++;
    if (point.cost >= cost) continue;
    cost = point.cost;
    merged_.push_back(point);
  }
  std::swap(envelope_, merged_);
  if (envelope_.size() > 2 * max_points_) Thin(envelope_);
}

void ParetoFrontierBuilder::Thin(ParetoFrontier& frontier) {
  if (frontier.size() <= max_points_) return;
  thinned_ = true;
  frontier = Thinned(frontier, max_points_, rounding_);
}

ParetoFrontier ParetoFrontierBuilder::Take() {
  Thin(envelope_);
  ParetoFrontier taken(envelope_);  // without spare capacity
  envelope_.clear();
  return taken;
}

namespace {

// Groups the points so that the cost falls by at most a fraction `share` within a group, with the last point on its
// own, and calls `keep` with the first and last of each group.
template <typename Keep>
void ForEachGroup(const ParetoFrontier& frontier, double share, const Keep& keep) {
  const size_t last_point = frontier.size() - 1;
  for (size_t first = 0; first < last_point;) {
    const auto least = static_cast<double>(frontier[first].cost) * (1 - share);
    size_t last = first;
    while (last + 1 < last_point && static_cast<double>(frontier[last + 1].cost) >= least) ++last;
    keep(frontier[first], frontier[last]);
    first = last + 1;
  }
  keep(frontier[last_point], frontier[last_point]);
}

}  // namespace

ParetoFrontier Thinned(const ParetoFrontier& frontier, size_t most, Rounding rounding) {
  if (frontier.size() <= most) return frontier;
  constexpr int kBisections = 16;
  double too_small = 0;
  double share = 1;
  for (int i = 0; i < kBisections; ++i) {
    const double middle = (too_small + share) / 2;
    size_t groups = 0;
    ForEachGroup(frontier, middle, [&](const ParetoPoint&, const ParetoPoint&) { ++groups; });
    (groups <= most ? share : too_small) = middle;
  }
  ParetoFrontier thinned;
  thinned.reserve(most);
  ForEachGroup(frontier, share, [&](const ParetoPoint& first, const ParetoPoint& last) {
    thinned.push_back({.bytes = first.bytes, .cost = rounding == Rounding::kUp ? first.cost : last.cost});
  });
  return thinned;
}

}  // namespace recurve
