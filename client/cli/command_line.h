// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_COMMAND_LINE_H_
#define RECURVE_CLIENT_CLI_COMMAND_LINE_H_

#include <string>
#include <vector>

#include "client/cli/commands.h"

namespace recurve {

// Commands under a heading of the help.
struct CommandSection {
  std::string heading;
  std::vector<CommandAdder> add;
};

struct ProgramText {
  std::string description, footer;  // what the help begins and ends with
};

// Runs the command that the words after the program's name ask for, or says on stderr what is wrong with them.
ExitStatus RunCommandLine(const ProgramText& text, const std::vector<CommandSection>& sections,
                          std::vector<std::string> words);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_COMMAND_LINE_H_
