// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_EXECUTOR_OPTION_H_
#define RECURVE_CLIENT_CLI_EXECUTOR_OPTION_H_

#include <string>

#include "client/cli/option_values.h"

namespace recurve {

// --executor TARGET, such as 127.0.0.1:7402
inline void AddExecutorOption(const Section& section, std::string& target) {
  target = "127.0.0.1:7402";
  AddTarget(section, "--executor", target, "the daemon");
}

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_EXECUTOR_OPTION_H_
