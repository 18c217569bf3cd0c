// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_METERED_PLANNER_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_METERED_PLANNER_H_

#include "planner_service/planning/planner.h"
#include "planner_service/service/planner_metrics.h"

namespace recurve {

// Measures how long another planner works, and on how many requests at once. Refers to it and to the metrics, which
// must outlive this. Thread-safe.
class MeteredPlanner final : public Planner {
 public:
  MeteredPlanner(Planner& inner, PlannerMetrics& metrics) : inner_(inner), metrics_(metrics) {}

  absl::StatusOr<Plan> MakePlan(const PlanRequest& request, const CancelCheck& cancelled) override;

 private:
  Planner& inner_;
  PlannerMetrics& metrics_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_METERED_PLANNER_H_
