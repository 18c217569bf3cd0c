// SPDX-License-Identifier: Apache-2.0
//
// Batches of different length in one memory: each is run by a plan for its own number of links.
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

// The number of links that a batch of `links` links is planned with: the same up to 64, at most 1/32 more above. So
// there are few plans, whatever the text.
int64_t RoundUpLinks(int64_t links);

// All plans that a job may need, made before it starts.
class LengthPlans {
 public:
  // `lengths`: in steps, of every batch that may come, increasing, the last that of `longest`. What PlanShorter
  // returns.
  static absl::StatusOr<LengthPlans> Make(const JobSpec& spec, MemoryPlan longest, const std::vector<int64_t>& lengths,
                                          const JobPlanners& planners, const CancelCheck& cancelled);

  // The plan for a batch of `steps` steps: of as many links, or a few more.
  const MemoryPlan& For(int64_t steps) const;
  const MemoryPlan& longest() const { return plans_.back(); }
  const MemoryPlan& largest() const;  // in planned bytes, of equals the longest
  int64_t count() const { return static_cast<int64_t>(plans_.size()); }
  StoreNeeds store() const;

 private:
  std::vector<MemoryPlan> plans_;  // links increase
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_LENGTH_PLANS_H_
