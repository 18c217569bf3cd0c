// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_PLANNER_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_PLANNER_H_

#include <functional>

#include "absl/status/statusor.h"
#include "planner_service/planning/plan.h"

namespace recurve {

// Polled periodically by a solver; true means stop. Must be thread-safe and cheap.
using CancelCheck = std::function<bool()>;

// Answers plan requests: the interface of the solver in this process, the memo in front of it, and the remote service.
// Thread-safe. The same request always gets the same plan, regardless of the implementation.
//
//   EmbeddedPlanner planner;
//   PlanRequest request = {.length = 1000, .budget = ByteBudget{524288, 1048576, 15728640}};
//   absl::StatusOr<Plan> plan = planner.MakePlan(request, {});
class Planner {
 public:
  virtual ~Planner() = default;

  // INVALID_ARGUMENT names the field, its value and its range. CANCELLED when `cancelled` returned true. A budget that
  // is too small is not an error but yields an infeasible plan. An empty `cancelled` never cancels.
  virtual absl::StatusOr<Plan> MakePlan(const PlanRequest& request, const CancelCheck& cancelled) = 0;
};

// Solves in this process and keeps no state between requests. MakePlan calls CheckRequest.
class EmbeddedPlanner final : public Planner {
 public:
  absl::StatusOr<Plan> MakePlan(const PlanRequest& request, const CancelCheck& cancelled) override;
};

// INVALID_ARGUMENT when a field is out of range or the strategy does not take that kind of budget.
absl::Status CheckRequest(const PlanRequest& request);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_PLANNER_H_
