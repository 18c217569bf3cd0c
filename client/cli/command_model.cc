// SPDX-License-Identifier: Apache-2.0
#include "client/cli/command_model.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace recurve {
namespace {

template <typename Named>
const Named* FindNamed(const std::vector<Named>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Named& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

const OptionModel* CommandModel::FindOption(const std::string& option) const {
  const auto found = std::find_if(options.begin(), options.end(), [&](const OptionModel& one) {
    return one.name == option || std::count(one.aliases.begin(), one.aliases.end(), option) > 0;
  });
  return found == options.end() ? nullptr : &*found;
}

const CommandModel* CommandModel::FindCommand(const std::string& command) const { return FindNamed(commands, command); }

std::string CommandPath::name() const {
  std::string name;
  for (const CommandModel* command : commands) absl::StrAppend(&name, name.empty() ? "" : " ", command->name);
  return name;
}

CommandPath FollowWords(const CommandModel& program, const std::vector<std::string>& words) {
  CommandPath path{.commands = {&program}};
  for (const std::string& word : words) {
    if (std::exchange(path.waiting, nullptr) != nullptr) continue;
    const CommandModel& command = path.last();
    if (absl::StartsWith(word, "-")) {
      const OptionModel* option = command.FindOption(word.substr(0, word.find('=')));
      if (option == nullptr) return path;
      if (!option->kind.empty() && !absl::StrContains(word, '=')) path.waiting = option;
    } else if (const CommandModel* inner = command.FindCommand(word)) {
      path.commands.push_back(inner);
    } else if (!command.commands.empty()) {
      path.unknown = word;
      return path;
    }
  }
  return path;
}

}  // namespace recurve
