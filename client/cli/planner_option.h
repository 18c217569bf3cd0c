// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_PLANNER_OPTION_H_
#define RECURVE_CLIENT_CLI_PLANNER_OPTION_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "client/cli/option_values.h"
#include "planner_service/client/fallback_planner.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/planner.h"

namespace recurve {

// --planner TARGET, such as 127.0.0.1:7401
void AddPlannerOption(const Section& section, std::string& target);

// The planner service at `target` or, if that is empty, the planner in this process.
std::unique_ptr<Planner> MakePlannerFor(const std::string& target);
std::unique_ptr<ChainPlanner> MakeChainPlannerFor(const std::string& target);

// The planner of a job in this process: the planner service at `target` as long as its plans are valid and as good as
// the local ones. Prints a note if they are not.
FallbackPlanner MakeJobPlanner(const std::string& target, bool json);

// `status`; if the planner service at `target` did not answer, with a hint to plan without it.
absl::Status WithoutPlannerHint(const absl::Status& status, const std::string& target);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_PLANNER_OPTION_H_
