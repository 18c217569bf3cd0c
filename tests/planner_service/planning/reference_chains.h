// SPDX-License-Identifier: Apache-2.0
//
// Brute force for chains that are not uniform and for two stores. Written apart from the solvers: a run of links is
// described by all that its first sweep leaves stored, and every such pattern is tried.
#ifndef RECURVE_TESTS_PLANNER_SERVICE_PLANNING_REFERENCE_CHAINS_H_
#define RECURVE_TESTS_PLANNER_SERVICE_PLANNING_REFERENCE_CHAINS_H_

#include <cstdint>

#include "planner_service/planning/chain.h"

namespace recurve {

// The least cost of any persistent schedule. A few links only.
int64_t BruteForceCost(const ChainRequest& request);
int64_t BruteForceCost(const TwoLevelRequest& request);

}  // namespace recurve

#endif  // RECURVE_TESTS_PLANNER_SERVICE_PLANNING_REFERENCE_CHAINS_H_
