// SPDX-License-Identifier: Apache-2.0
//
// Plans for batches of different lengths in the same memory, one per number of links.
#ifndef RECURVE_EXECUTOR_JOB_LENGTH_PLANS_H_
#define RECURVE_EXECUTOR_JOB_LENGTH_PLANS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "executor/engine/trainer.h"
#include "executor/job/job_spec.h"
#include "executor/job/memory_plan.h"
#include "planner_service/planning/planner.h"

namespace recurve {

// Rounds numbers of links above 64 up, by less than 1/32, to limit the number of plans.
int64_t RoundUpLinks(int64_t links);

// All plans that a job may need, made before it starts. Thread-safe once made.
class LengthPlans {
 public:
  // `lengths`: the possible lengths of batches in steps, increasing, the last that of `longest`. Errors: as
  // PlanShorter.
  static absl::StatusOr<LengthPlans> Make(const JobSpec& spec, MemoryPlan longest, const std::vector<int64_t>& lengths,
                                          const JobPlanners& planners, const CancelCheck& cancelled);

  // The plan for a batch of `steps` steps; it may have a few more links.
  const MemoryPlan& For(int64_t steps) const;
  const MemoryPlan& longest() const { return plans_.back(); }
  const MemoryPlan& largest() const;  // the one with the largest peak; the longest of equals
  int64_t count() const { return static_cast<int64_t>(plans_.size()); }
  StoreNeeds store() const;

 private:
  std::vector<MemoryPlan> plans_;  // by increasing number of links
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_LENGTH_PLANS_H_
