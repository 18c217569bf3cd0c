// SPDX-License-Identifier: Apache-2.0
//
// One function per strategy, each in a file of its name. Each takes a request that CheckRequest accepts, and fills in
// feasibility, forward counts with their bounds, and the schedule; the peaks are recounted by whoever calls it.
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_STRATEGIES_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_STRATEGIES_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "planner_service/planning/plan.h"
#include "planner_service/planning/planner.h"

namespace recurve {

absl::StatusOr<Plan> PlanStoreAll(int64_t length, const ByteBudget& budget, const CancelCheck& cancelled);
absl::StatusOr<Plan> PlanChen(int64_t length, const ByteBudget& budget, const CancelCheck& cancelled);
absl::StatusOr<Plan> PlanAuto(int64_t length, const ByteBudget& budget, const CancelCheck& cancelled);
absl::StatusOr<Plan> PlanHsm(int64_t length, int64_t slots, const CancelCheck& cancelled);
absl::StatusOr<Plan> PlanIsm(int64_t length, int64_t slots, const CancelCheck& cancelled);
absl::StatusOr<Plan> PlanMsm(int64_t length, const SlotBudget& budget, const CancelCheck& cancelled);

// Bytes stored while a run of `length` links is taped whole: length - 1 tapes and length - 2 inner states. Saturating.
int64_t TapeAllBytes(int64_t length, int64_t state_bytes, int64_t tape_bytes);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_STRATEGIES_H_
