// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_COMMAND_MODEL_H_
#define RECURVE_CLIENT_CLI_COMMAND_MODEL_H_

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
  bool chosen = false;  // on this command line
  std::vector<OptionModel> options;
  std::vector<OptionModel> words;  // that it takes without an option before them
  std::vector<CommandModel> commands;

  // Null where there is none of that name.
  const OptionModel* FindOption(const std::string& option) const;
  const CommandModel* FindCommand(const std::string& command) const;
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_COMMAND_MODEL_H_
