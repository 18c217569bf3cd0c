// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_PARETO_FRONTIER_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_PARETO_FRONTIER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace recurve {

// The least cost for each number of bytes: the points where it changes, bytes increasing, costs falling.
struct ParetoPoint {
  int64_t bytes = 0;
  int64_t cost = 0;
  friend bool operator==(const ParetoPoint&, const ParetoPoint&) = default;
};
using ParetoFrontier = std::vector<ParetoPoint>;

// The last point within `bytes`, which must not be below the first one's. O(log points).
inline const ParetoPoint& PointWithin(const ParetoFrontier& frontier, int64_t bytes) {
  const auto after = std::upper_bound(frontier.begin(), frontier.end(), bytes,
                                      [](int64_t value, const ParetoPoint& point) { return value < point.bytes; });
  return *(after - 1);
}

// What becomes of the points that a frontier has no room for.
enum class Rounding : uint8_t {
  kUp,    // they are dropped: what stays is what some schedule costs
  kDown,  // a point that stays takes the cost of the last one dropped after it: no schedule costs less
};

// Makes a frontier point by point and part by part, with a limit on bytes and on points. Its memory is reused. Not
// thread-safe.
class ParetoFrontierBuilder {
 public:
  // At least 2 points.
  ParetoFrontierBuilder(int64_t max_bytes, size_t max_points, Rounding rounding)
      : max_bytes_(max_bytes), max_points_(max_points), rounding_(rounding) {}

  // Adds the points of `part`, each with `bytes` and `cost` on top.
  void Add(const ParetoFrontier& part, int64_t bytes, int64_t cost);

  // Adds what it takes to do `right`, with `bytes` stored beside it, and then `left`, and `cost` on top: the larger of
  // the bytes, the sum of the costs.
  void AddSplit(const ParetoFrontier& left, const ParetoFrontier& right, int64_t bytes, int64_t cost);

  // The frontier of all that was added; the builder is empty again.
  ParetoFrontier Take();

  // Whether any point had to go.
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

// At most `most` (at least 2) of the points: the first, the last, and others between which the cost falls by equal
// shares of itself. Relative errors are what adds up over the parts of a chain.
ParetoFrontier Thinned(const ParetoFrontier& frontier, size_t most, Rounding rounding);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_PARETO_FRONTIER_H_
