// SPDX-License-Identifier: Apache-2.0
#include "client/cli/advice_options.h"

#include "client/cli/planner_option.h"
#include "planner_service/client/remote_advisor.h"

namespace recurve {

std::unique_ptr<Advisor> AdviceOptions::MakeAdvisor() const {
  if (planner.target.empty()) return std::make_unique<EmbeddedAdvisor>();
  return MakeRemoteAdvisor({.target = planner.target, .tls = planner.tls});
}

ExitStatus AdviceOptions::Fail(const absl::Status& status) const {
  return recurve::Fail(WithoutPlannerHint(status, planner),
                       absl::IsInvalidArgument(status) ? ExitStatus::kUsage : ExitStatus::kFailed);
}

void AddAdviceOptions(const Section& section, AdviceOptions& options) {
  AddPlannerOption(section, options.planner);
  AddFlag(section, "--json", options.json, "print one JSON object");
}

}  // namespace recurve
