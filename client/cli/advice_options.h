// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_ADVICE_OPTIONS_H_
#define RECURVE_CLIENT_CLI_ADVICE_OPTIONS_H_

#include <memory>

#include "client/cli/exit_status.h"
#include "client/cli/service_option.h"
#include "planner_service/capacity/advisor.h"

namespace recurve {

// The options of every command that calls an Advisor.
struct AdviceOptions {
  ServiceOption planner;
  bool json = false;

  // The planner service or, if there is none, the advisor in this process.
  std::unique_ptr<Advisor> MakeAdvisor() const;

  // Reports why there is no answer; INVALID_ARGUMENT is a usage error.
  ExitStatus Fail(const absl::Status& status) const;
};

// --planner with its TLS options, and --json.
void AddAdviceOptions(const Section& section, AdviceOptions& options);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_ADVICE_OPTIONS_H_
