// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_ADMISSION_PLANNER_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_ADMISSION_PLANNER_H_

#include "planner_service/planning/planner.h"
#include "planner_service/service/solve_gate.h"

namespace recurve {

// Passes the requests that the gate admits, at their prices, on to another planner. Both must outlive it. Thread-safe.
class AdmissionPlanner final : public Planner {
 public:
  AdmissionPlanner(Planner& inner, SolveGate& gate) : inner_(inner), gate_(gate) {}

  absl::StatusOr<Plan> MakePlan(const PlanRequest& request, const CancelCheck& cancelled) override {
    return gate_.Run(PriceOf(request), cancelled,
                     [&](const CancelCheck& stop) { return inner_.MakePlan(request, stop); });
  }

 private:
  Planner& inner_;
  SolveGate& gate_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_ADMISSION_PLANNER_H_
