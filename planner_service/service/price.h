// SPDX-License-Identifier: Apache-2.0
//
// What a request takes, estimated from its fields before anything is solved.
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_PRICE_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_PRICE_H_

#include <cstddef>
#include <cstdint>
#include <limits>

#include "planner_service/codec/advice_codec.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/plan.h"

namespace recurve {

// Small requests have solvers of their own (solve_gate.h).
enum class Lane : uint8_t { kSmall, kLarge };
inline constexpr size_t kLanes = 2;

inline constexpr double kSmallSeconds = 0.025;
inline constexpr int64_t kSmallBytes = 8 << 20;

// Solve times are those of one core of an Intel Xeon of 2023; benchmarks/planner/price_benchmark.cc compares them with
// measured ones. `least_seconds` decides on refusals, so it is low where the time depends on what only the solver finds
// out; `most_seconds` decides on the lane, so it is high.
struct Price {
  double least_seconds = 0;
  double most_seconds = std::numeric_limits<double>::infinity();  // infinity: not known
  int64_t bytes = 0;                                              // memory of the solve at most
  const char* remedy = "";                                        // what to change in a request that is too large

  Lane lane() const { return most_seconds <= kSmallSeconds && bytes <= kSmallBytes ? Lane::kSmall : Lane::kLarge; }
};

// Prices of valid requests; an invalid one, which is refused when it is solved, gets any price.
Price PriceOf(const PlanRequest& request);
Price PriceOf(const ChainRequest& request);
Price PriceOf(const TwoLevelRequest& request);
Price PriceOf(const AdviseQuestion& question);
Price PriceOf(const BudgetQuestion& question);
Price PriceOf(const CurvesQuestion& question);
Price PriceOf(const LargestQuestion& question);
Price PriceOf(const LengthsQuestion& question);
Price PriceOf(const SplitQuestion& question);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_PRICE_H_
