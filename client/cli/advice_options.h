// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_ADVICE_OPTIONS_H_
#define RECURVE_CLIENT_CLI_ADVICE_OPTIONS_H_

#include <memory>
#include <string>

#include "client/cli/exit_status.h"
#include "client/cli/option_values.h"
#include "planner_service/capacity/advisor.h"

namespace recurve {

// The options of every command that calls an Advisor.
struct AdviceOptions {
  std::string planner;
  bool json = false;

  // The service at `planner` or, if that is empty, the advisor in this process.
  std::unique_ptr<Advisor> MakeAdvisor() const;

  // Reports why there is no answer; INVALID_ARGUMENT is a usage error.
  ExitStatus Fail(const absl::Status& status) const;
};

// --planner and --json.
void AddAdviceOptions(const Section& section, AdviceOptions& options);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_ADVICE_OPTIONS_H_
