// SPDX-License-Identifier: Apache-2.0
#include "executor/job/length_plans.h"

#include <algorithm>
#include <bit>
#include <set>
#include <utility>

#include "planner_service/status/status_macros.h"

namespace recurve {

int64_t RoundUpLinks(int64_t links) {
  constexpr int64_t kPerDoubling = 32;
  const int64_t grain =
      std::max<int64_t>(1, static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(links))) / kPerDoubling);
  return (links + grain - 1) / grain * grain;
}

absl::StatusOr<LengthPlans> LengthPlans::Make(const JobSpec& spec, MemoryPlan longest,
                                              const std::vector<int64_t>& lengths, const JobPlanners& planners,
                                              const CancelCheck& cancelled) {
  const SequenceShape& shape = longest.options.shape;
  std::set<int64_t> link_counts;
  for (const int64_t length : lengths) link_counts.insert(RoundUpLinks((length + shape.link - 1) / shape.link));
  LengthPlans plans;
  for (const int64_t links : link_counts) {
    if (links >= shape.links()) break;
    ASSIGN_OR_RETURN(MemoryPlan plan, PlanShorter(spec, longest, links, planners, cancelled));
    // A strategy may be infeasible for a shorter chain, which then uses a longer plan.
    if (plan.plan.feasible) plans.plans_.push_back(std::move(plan));
  }
  plans.plans_.push_back(std::move(longest));
  return plans;
}

const MemoryPlan& LengthPlans::For(int64_t steps) const {
  return *std::find_if(plans_.begin(), plans_.end() - 1,
                       [&](const MemoryPlan& plan) { return plan.options.shape.length >= steps; });
}

const MemoryPlan& LengthPlans::largest() const {
  return *std::max_element(plans_.rbegin(), plans_.rend(), [](const MemoryPlan& a, const MemoryPlan& b) {
    return a.replay.peak_bytes < b.replay.peak_bytes;
  });
}

StoreNeeds LengthPlans::store() const {
  StoreNeeds needs;
  for (const MemoryPlan& plan : plans_) needs.Include(plan.replay);
  return needs;
}

}  // namespace recurve
