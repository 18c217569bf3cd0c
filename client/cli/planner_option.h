// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_PLANNER_OPTION_H_
#define RECURVE_CLIENT_CLI_PLANNER_OPTION_H_

#include <memory>

#include "absl/status/status.h"
#include "client/cli/service_option.h"
#include "planner_service/client/fallback_planner.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/planner.h"

namespace recurve {

// --planner TARGET, such as 127.0.0.1:7401, and how to encrypt the connection to it
void AddPlannerOption(const Section& section, ServiceOption& planner);

// The planner service or, if there is none, the planner in this process.
std::unique_ptr<Planner> MakePlannerFor(const ServiceOption& service);
std::unique_ptr<ChainPlanner> MakeChainPlannerFor(const ServiceOption& service);

// The planner of a job in this process: the planner service as long as its plans are valid and as good as the local
// ones. Prints a note if they are not.
FallbackPlanner MakeJobPlanner(const ServiceOption& service, bool json);

// `status`; if the planner service did not answer, with a hint to plan without it.
absl::Status WithoutPlannerHint(const absl::Status& status, const ServiceOption& service);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_PLANNER_OPTION_H_
