// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_COMMAND_MODEL_H_
#define RECURVE_CLIENT_CLI_COMMAND_MODEL_H_

#include <optional>
#include <string>
#include <vector>

namespace recurve {

struct OptionModel {
  std::string name;  // "--length"; of a positional argument, "file"
  std::string kind;  // of its value: "N", "FILE", "adamw|sgd"; empty: a flag
  std::string help;
  std::string value;                 // the last one given, or else the default
  bool given = false;                // on this command line
  std::vector<std::string> aliases;  // other names
};

// The commands and their options as plain data, for suggestions, completion and checks.
struct CommandModel {
  std::string name;  // "recurve", "train"
  std::string summary;
  bool needs_command = false;  // requires a subcommand
  std::vector<OptionModel> options;
  std::vector<OptionModel> words;  // positional arguments
  std::vector<CommandModel> commands;

  // Null if there is none of that name.
  const OptionModel* FindOption(const std::string& option) const;
  const CommandModel* FindCommand(const std::string& command) const;
};

// The commands that words name. Refers to the program's model.
struct CommandPath {
  std::vector<const CommandModel*> commands;  // the program first
  const OptionModel* waiting = nullptr;       // an option whose value is the next word
  std::optional<std::string> unknown;         // a word that should be a command and is not

  const CommandModel& last() const { return *commands.back(); }
  std::string name() const;  // "recurve schedule export"
};

// Follows the words after the name of the program, up to an unknown command or option.
CommandPath FollowWords(const CommandModel& program, const std::vector<std::string>& words);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_COMMAND_MODEL_H_
