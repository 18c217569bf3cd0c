// SPDX-License-Identifier: Apache-2.0
//
// Range checks on requests. Each INVALID_ARGUMENT names the field, its value and its range.
#ifndef RECURVE_PLANNER_SERVICE_CAPACITY_CHECK_H_
#define RECURVE_PLANNER_SERVICE_CAPACITY_CHECK_H_

#include <cstdint>

#include "absl/status/status.h"
#include "planner_service/planning/check_range.h"
#include "planner_service/planning/plan.h"

namespace recurve {

absl::Status CheckRate(const char* field, double rate);  // [0, 1)
absl::Status CheckBudget(const char* field, int64_t bytes);
absl::Status CheckSlowdown(double max_slowdown);
absl::Status CheckTakesBytes(Strategy strategy);
absl::Status CheckCosts(const LinkCosts& costs);
// RESOURCE_EXHAUSTED when the plans of one request have more than kMaxPlannedLinks links in total.
absl::Status CheckPlannedLinks(int64_t links);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CAPACITY_CHECK_H_
