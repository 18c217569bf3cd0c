// SPDX-License-Identifier: Apache-2.0
//
// Minimum forward counts straight from the recurrences, by tables over all splits. Slow and simple: the planner is
// checked against them.
#ifndef RECURVE_TESTS_PLANNER_SERVICE_PLANNING_REFERENCE_COSTS_H_
#define RECURVE_TESTS_PLANNER_SERVICE_PLANNING_REFERENCE_COSTS_H_

#include <cstdint>
#include <vector>

namespace recurve {

// Each result is indexed by the length of the chain, up to `longest`.
std::vector<int64_t> ReferenceHsm(int64_t longest, int64_t slots);
std::vector<int64_t> ReferenceIsm(int64_t longest, int64_t slots);
std::vector<int64_t> ReferenceMsm(int64_t longest, int64_t slots, int64_t alpha);
// longest <= 30'000.
std::vector<int64_t> ReferenceAuto(int64_t longest, int64_t state_bytes, int64_t tape_bytes, int64_t budget_bytes);

// The minimum count over all schedules, persistent or not, for up to 8 links: a search over the machine's
// configurations, in which states and tapes may be stored and dropped in any order.
int64_t ExhaustiveCount(int length, int64_t state_bytes, int64_t tape_bytes, int64_t budget_bytes);

}  // namespace recurve

#endif  // RECURVE_TESTS_PLANNER_SERVICE_PLANNING_REFERENCE_COSTS_H_
