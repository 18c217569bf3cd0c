// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_COMMAND_MODEL_H_
#define RECURVE_CLIENT_CLI_COMMAND_MODEL_H_

#include <optional>
#include <string>
#include <vector>

namespace recurve {

struct OptionModel {
  std::string name;  // "--length"; of words without an option, "file"
  std::string kind;  // of its value: "N", "FILE", "adamw|sgd"; empty: it takes none
  std::string help;
  std::string value;   // the last one given, or else the default
  bool given = false;  // on this command line
};

// The commands and their options as plain data, for whatever is derived from them.
struct CommandModel {
  std::string name;  // "recurve", "train"
  std::string summary;
  bool needs_command = false;  // does nothing without one of its own
  std::vector<OptionModel> options;
  std::vector<OptionModel> words;  // that it takes without an option before them
  std::vector<CommandModel> commands;

  // Null where there is none of that name.
  const OptionModel* FindOption(const std::string& option) const;
  const CommandModel* FindCommand(const std::string& command) const;
};

// Where words lead among the commands. Refers to the program.
struct CommandPath {
  std::vector<const CommandModel*> commands;  // the program first
  const OptionModel* waiting = nullptr;       // an option whose value comes next
  std::optional<std::string> unknown;         // the word at which a command was expected, and it is none

  const CommandModel& last() const { return *commands.back(); }
  std::string name() const;  // "recurve schedule export"
};

// Follows the words after the name of the program, up to one that is no command or an option that is not known.
CommandPath FollowWords(const CommandModel& program, const std::vector<std::string>& words);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_COMMAND_MODEL_H_
