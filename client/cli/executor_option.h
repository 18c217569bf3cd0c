// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_EXECUTOR_OPTION_H_
#define RECURVE_CLIENT_CLI_EXECUTOR_OPTION_H_

#include <CLI/CLI.hpp>
#include <string>

#include "client/cli/planner_option.h"

namespace recurve {

// --executor TARGET, such as 127.0.0.1:7402
inline void AddExecutorOption(CLI::App& app, std::string& target) {
  target = "127.0.0.1:7402";
  app.add_option("--executor", target, "the daemon")
      ->type_name("TARGET")
      ->check(TargetProblem, "")
      ->capture_default_str();
}

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_EXECUTOR_OPTION_H_
