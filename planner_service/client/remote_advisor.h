// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CLIENT_REMOTE_ADVISOR_H_
#define RECURVE_PLANNER_SERVICE_CLIENT_REMOTE_ADVISOR_H_

#include <memory>

#include "planner_service/capacity/advisor.h"
#include "planner_service/client/planner_call_options.h"

namespace recurve {

// The planner service as an Advisor, over MakeChannel. UNAVAILABLE or DEADLINE_EXCEEDED when no answer came in time.
std::unique_ptr<Advisor> MakeRemoteAdvisor(const PlannerCallOptions& options);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CLIENT_REMOTE_ADVISOR_H_
