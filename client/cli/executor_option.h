// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_EXECUTOR_OPTION_H_
#define RECURVE_CLIENT_CLI_EXECUTOR_OPTION_H_

#include "client/cli/service_option.h"

namespace recurve {

// --executor TARGET, such as 127.0.0.1:7402, and how to encrypt the connection to it
inline void AddExecutorOption(const Section& section, ServiceOption& executor) {
  executor.target = "127.0.0.1:7402";
  AddService(section, "--executor", executor, "the daemon");
}

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_EXECUTOR_OPTION_H_
