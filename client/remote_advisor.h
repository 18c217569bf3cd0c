// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_REMOTE_ADVISOR_H_
#define RECURVE_CLIENT_REMOTE_ADVISOR_H_

#include <memory>

#include "client/planner_call_options.h"
#include "planner_service/advice/advisor.h"

namespace recurve {

// The planner service as an Advisor. Calls are spread over the addresses of the target (round_robin) and retried with
// backoff when the service is unavailable. UNAVAILABLE or DEADLINE_EXCEEDED when no answer came in time.
std::unique_ptr<Advisor> MakeRemoteAdvisor(const PlannerCallOptions& options);

}  // namespace recurve

#endif  // RECURVE_CLIENT_REMOTE_ADVISOR_H_
