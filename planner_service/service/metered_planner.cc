// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/metered_planner.h"

#include <chrono>

namespace recurve {

absl::StatusOr<Plan> MeteredPlanner::MakePlan(const PlanRequest& request, const CancelCheck& cancelled) {
  metrics_.solves_in_flight.Increment();
  const auto start = std::chrono::steady_clock::now();
  absl::StatusOr<Plan> plan = inner_.MakePlan(request, cancelled);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  metrics_.solve_seconds.Observe(seconds.count());
  metrics_.solves_in_flight.Decrement();
  return plan;
}

}  // namespace recurve
