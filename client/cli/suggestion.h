// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_SUGGESTION_H_
#define RECURVE_CLIENT_CLI_SUGGESTION_H_

#include <string>

#include "client/cli/command_model.h"

namespace recurve {

// The option ("--steps") or the command in full ("recurve capacity fit") that `word` may have been meant for after the
// commands of `path`: what other tools call "--epochs" or "--lr", a beginning, or a word with few letters wrong. A
// command may be any below the last of `path`, or else any at all. Empty where nothing comes close.
std::string SuggestionFor(const CommandPath& path, const std::string& word);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_SUGGESTION_H_
