// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_PARETO_FRONTIER_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_PARETO_FRONTIER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace recurve {

// The minimum cost as a function of bytes: the points at which it changes, bytes increasing, costs decreasing.
struct ParetoPoint {
  int64_t bytes = 0;
  int64_t cost = 0;
  friend bool operator==(const ParetoPoint&, const ParetoPoint&) = default;
};
using ParetoFrontier = std::vector<ParetoPoint>;

// The last point within `bytes`, which must be at least those of the first point. O(log points).
inline const ParetoPoint& PointWithin(const ParetoFrontier& frontier, int64_t bytes) {
  const auto after = std::upper_bound(frontier.begin(), frontier.end(), bytes,
                                      [](int64_t value, const ParetoPoint& point) { return value < point.bytes; });
  return *(after - 1);
}

// How a frontier drops points that exceed its limit.
enum class Rounding : uint8_t {
  kUp,    // every remaining point is the cost of some schedule: an upper bound
  kDown,  // a remaining point takes the cost of the last one dropped after it: a lower bound
};

// Builds a frontier as the lower envelope of the frontiers added to it, with a limit on bytes and on points. Reuses its
// memory. Not thread-safe.
class ParetoFrontierBuilder {
 public:
  // At least 2 points.
  ParetoFrontierBuilder(int64_t max_bytes, size_t max_points, Rounding rounding)
      : max_bytes_(max_bytes), max_points_(max_points), rounding_(rounding) {}

  // Adds the points of `part`, each increased by `bytes` and `cost`.
  void Add(const ParetoFrontier& part, int64_t bytes, int64_t cost);

  // Adds the frontier of doing `right` with an extra `bytes` stored, then `left`: the larger of the bytes, the sum of
  // the costs plus `cost`.
  void AddSplit(const ParetoFrontier& left, const ParetoFrontier& right, int64_t bytes, int64_t cost);

  // Returns the frontier of everything added, and empties the builder.
  ParetoFrontier Take();

  // Whether any point was dropped because of the limit on points.
  bool thinned() const { return thinned_; }

 private:
  void Merge();                         // candidate_ into envelope_
  void Thin(ParetoFrontier& frontier);  // to max_points_

  const int64_t max_bytes_;
  const size_t max_points_;
  const Rounding rounding_;
  bool thinned_ = false;
  ParetoFrontier envelope_, candidate_, merged_;
};

// At most `most` (>= 2) of the points: the first, the last, and others between which the cost falls by equal ratios.
// Ratios are used because relative errors accumulate over the parts of a chain.
ParetoFrontier Thinned(const ParetoFrontier& frontier, size_t most, Rounding rounding);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_PARETO_FRONTIER_H_
