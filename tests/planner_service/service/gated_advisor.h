// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_PLANNER_SERVICE_SERVICE_GATED_ADVISOR_H_
#define RECURVE_TESTS_PLANNER_SERVICE_SERVICE_GATED_ADVISOR_H_

#include <vector>

#include "planner_service/capacity/advisor.h"
#include "tests/planner_service/service/gated_planner.h"

namespace recurve {

// Answers like EmbeddedAdvisor, but only once the gate of its planner is open, and counts there. While the gate is
// closed, it polls for cancellation as a long solve does.
class GatedAdvisor final : public Advisor {
 public:
  GatedPlanner gate{true};

  absl::StatusOr<Advice> Advise(const Workload& workload, Strategy strategy, int64_t budget_bytes,
                                const CancelCheck& cancelled) override {
    return Then(cancelled, [&] { return inner_.Advise(workload, strategy, budget_bytes, cancelled); });
  }
  absl::StatusOr<Advice> FindBudget(const Workload& workload, Strategy strategy, double max_slowdown,
                                    const CancelCheck& cancelled) override {
    return Then(cancelled, [&] { return inner_.FindBudget(workload, strategy, max_slowdown, cancelled); });
  }
  absl::StatusOr<std::vector<Curve>> MakeCurves(const Workload& workload, const std::vector<Strategy>& strategies,
                                                int64_t max_points, const CancelCheck& cancelled) override {
    return Then(cancelled, [&] { return inner_.MakeCurves(workload, strategies, max_points, cancelled); });
  }
  absl::StatusOr<Largest> FindLargest(const Workload& workload, Dimension dimension, Strategy strategy,
                                      int64_t budget_bytes, double max_slowdown,
                                      const CancelCheck& cancelled) override {
    return Then(cancelled, [&] {
      return inner_.FindLargest(workload, dimension, strategy, budget_bytes, max_slowdown, cancelled);
    });
  }
  absl::StatusOr<std::vector<Advice>> PlanLengths(const Workload& workload, const std::vector<int64_t>& lengths,
                                                  Strategy strategy, int64_t budget_bytes,
                                                  const CancelCheck& cancelled) override {
    return Then(cancelled, [&] { return inner_.PlanLengths(workload, lengths, strategy, budget_bytes, cancelled); });
  }
  absl::StatusOr<Split> SplitBudget(const std::vector<Workload>& workloads, Strategy strategy, int64_t total_bytes,
                                    SplitGoal goal, const CancelCheck& cancelled) override {
    return Then(cancelled, [&] { return inner_.SplitBudget(workloads, strategy, total_bytes, goal, cancelled); });
  }

 private:
  template <typename Ask>
  auto Then(const CancelCheck& cancelled, Ask ask) -> decltype(ask()) {
    const absl::Status passed = gate.MakePlan({.budget = ByteBudget{1, 1, 1}}, cancelled).status();
    if (!passed.ok()) return passed;
    return ask();
  }

  EmbeddedAdvisor inner_;
};

}  // namespace recurve

#endif  // RECURVE_TESTS_PLANNER_SERVICE_SERVICE_GATED_ADVISOR_H_
