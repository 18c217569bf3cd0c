// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_COMMAND_LINE_H_
#define RECURVE_CLIENT_CLI_COMMAND_LINE_H_

#include <string>
#include <vector>

#include "client/cli/commands.h"

namespace recurve {

// Commands listed under one heading of the help.
struct CommandSection {
  std::string heading;
  std::vector<CommandAdder> add;
};

struct ProgramText {
  std::string description, footer;  // the beginning and end of the help
};

// Runs the command given by the words after the program's name, or reports on stderr what is wrong with them.
ExitStatus RunCommandLine(const ProgramText& text, const std::vector<CommandSection>& sections,
                          std::vector<std::string> words);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_COMMAND_LINE_H_
