// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_IDLE_OPTIONS_H_
#define RECURVE_CLIENT_CLI_IDLE_OPTIONS_H_

#include "absl/status/status.h"
#include "client/cli/command_model.h"

namespace recurve {

// INVALID_ARGUMENT names an option that was given to `command` and does nothing beside the others, such as --momentum
// with --optimizer adamw: whoever gives it expects something else to happen.
absl::Status CheckIdleOptions(const CommandModel& command);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_IDLE_OPTIONS_H_
