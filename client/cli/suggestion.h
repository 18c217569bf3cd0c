// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_SUGGESTION_H_
#define RECURVE_CLIENT_CLI_SUGGESTION_H_

#include <string>

#include "client/cli/command_model.h"

namespace recurve {

// The option ("--steps") or full command ("recurve capacity fit") that `word` after the commands of `path` may mean:
// by its name in other tools ("--epochs", "--lr"), a prefix or a small edit distance. Prefers commands below the last
// of `path` to all others. Empty if nothing is close.
std::string SuggestionFor(const CommandPath& path, const std::string& word);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_SUGGESTION_H_
