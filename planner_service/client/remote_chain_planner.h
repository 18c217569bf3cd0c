// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CLIENT_REMOTE_CHAIN_PLANNER_H_
#define RECURVE_PLANNER_SERVICE_CLIENT_REMOTE_CHAIN_PLANNER_H_

#include <memory>

#include "planner_service/client/planner_call_options.h"
#include "planner_service/planning/chain.h"

namespace recurve {

// The ChainService of a planner service as a ChainPlanner, over MakeChannel. UNAVAILABLE or DEADLINE_EXCEEDED when no
// answer came in time; DATA_LOSS when the answer is not a plan for the request or its figures do not match its
// schedule.
std::unique_ptr<ChainPlanner> MakeRemoteChainPlanner(const PlannerCallOptions& options);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CLIENT_REMOTE_CHAIN_PLANNER_H_
