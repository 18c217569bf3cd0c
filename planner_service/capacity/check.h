// SPDX-License-Identifier: Apache-2.0
//
// What the ranges of single fields do not say. INVALID_ARGUMENT names the fields, their values and what they must be.
#ifndef RECURVE_PLANNER_SERVICE_CAPACITY_CHECK_H_
#define RECURVE_PLANNER_SERVICE_CAPACITY_CHECK_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "planner_service/planning/plan.h"

namespace recurve {

absl::Status CheckTakesBytes(Strategy strategy);
// Checks the time of a link, to which slowdowns are relative. `prefix` precedes the names of the fields.
absl::Status CheckLinkTime(absl::string_view prefix, const LinkCosts& costs);
// RESOURCE_EXHAUSTED when the plans of one question have more links than kMaxPlannedLinks.
absl::Status CheckPlannedLinks(int64_t links);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CAPACITY_CHECK_H_
