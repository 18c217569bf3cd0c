// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_SUGGESTION_H_
#define RECURVE_CLIENT_CLI_SUGGESTION_H_

#include <string>

#include "client/cli/command_model.h"

namespace recurve {

// The option or command of `command` that `word` may have been meant for: what other tools call "--epochs" or "--lr",
// a beginning, or a word with few letters wrong. Empty where nothing comes close.
std::string SuggestionFor(const CommandModel& command, const std::string& word);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_SUGGESTION_H_
