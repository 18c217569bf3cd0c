// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_EXECUTOR_OPTION_H_
#define RECURVE_CLIENT_CLI_EXECUTOR_OPTION_H_

#include <string>

#include "client/cli/option_values.h"

namespace recurve {

// --executor HOST:PORT
inline void AddExecutorOption(const Section& section, std::string& target) {
  target = "127.0.0.1:7402";
  AddText(section, "--executor", target, "the daemon", "HOST:PORT");
}

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_EXECUTOR_OPTION_H_
