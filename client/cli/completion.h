// SPDX-License-Identifier: Apache-2.0
//
// Completion of command lines in shells. The shell runs `recurve __complete WORD...`, so that completions always match
// the program.
#ifndef RECURVE_CLIENT_CLI_COMPLETION_H_
#define RECURVE_CLIENT_CLI_COMPLETION_H_

#include <string>
#include <vector>

#include "client/cli/command_model.h"

namespace recurve {

// The completions of the last of `words`, which follow the program's name: a line each, with a description after a tab,
// or the single line kCompleteFiles for file names. The shell filters by the prefix typed.
std::string CompletionsOf(const CommandModel& program, const std::vector<std::string>& words);

inline constexpr char kCompleteWord[] = "__complete";
inline constexpr char kHelpWord[] = "help";  // before names of commands
inline constexpr char kCompleteFiles[] = ":files\n";

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_COMPLETION_H_
