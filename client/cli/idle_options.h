// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_IDLE_OPTIONS_H_
#define RECURVE_CLIENT_CLI_IDLE_OPTIONS_H_

#include "absl/status/status.h"
#include "client/cli/command_model.h"

namespace recurve {

// INVALID_ARGUMENT names an option given to `command` that has no effect with the others, such as --momentum with
// --optimizer adamw: the user expects an effect.
absl::Status CheckIdleOptions(const CommandModel& command);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_IDLE_OPTIONS_H_
