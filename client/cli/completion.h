// SPDX-License-Identifier: Apache-2.0
//
// Completion of command lines in shells. A shell asks `recurve __complete WORD...`, so that what it offers is always
// what the program takes.
#ifndef RECURVE_CLIENT_CLI_COMPLETION_H_
#define RECURVE_CLIENT_CLI_COMPLETION_H_

#include <string>
#include <vector>

#include "client/cli/command_model.h"

namespace recurve {

// What may stand in the place of the last of `words`, which follow the program's name: a line each, with what it means
// after a tab; or the one line kCompleteFiles where names of files are wanted. Those that do not begin as that word
// does are left to the shell to leave out.
std::string CompletionsOf(const CommandModel& program, const std::vector<std::string>& words);

inline constexpr char kCompleteWord[] = "__complete";
inline constexpr char kHelpWord[] = "help";  // before the names of commands
inline constexpr char kCompleteFiles[] = ":files\n";

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_COMPLETION_H_
