// SPDX-License-Identifier: Apache-2.0
//
// Brute force for chains whose links differ and for two stores. Independent of the solvers: a run of links is described
// by everything that its first sweep leaves stored, and every such pattern is tried.
#ifndef RECURVE_TESTS_PLANNER_SERVICE_PLANNING_REFERENCE_CHAINS_H_
#define RECURVE_TESTS_PLANNER_SERVICE_PLANNING_REFERENCE_CHAINS_H_

#include <cstdint>

#include "planner_service/planning/chain.h"

namespace recurve {

// The minimum cost of any persistent schedule. For a few links only.
int64_t BruteForceCost(const ChainRequest& request);
int64_t BruteForceCost(const TwoLevelRequest& request);

}  // namespace recurve

#endif  // RECURVE_TESTS_PLANNER_SERVICE_PLANNING_REFERENCE_CHAINS_H_
