// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_ADVICE_OPTIONS_H_
#define RECURVE_CLIENT_CLI_ADVICE_OPTIONS_H_

#include <memory>
#include <string>

#include "client/cli/exit_status.h"
#include "client/cli/option_values.h"
#include "planner_service/capacity/advisor.h"

namespace recurve {

// What every command that asks an Advisor has.
struct AdviceOptions {
  std::string planner;
  bool json = false;

  // The service at `planner`, or, when that is empty, the advisor in this process.
  std::unique_ptr<Advisor> MakeAdvisor() const;

  // Says why there is no answer: wrong usage where the question was wrong.
  ExitStatus Fail(const absl::Status& status) const;
};

// --planner and --json.
void AddAdviceOptions(const Section& section, AdviceOptions& options);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_ADVICE_OPTIONS_H_
