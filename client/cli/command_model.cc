// SPDX-License-Identifier: Apache-2.0
#include "client/cli/command_model.h"

#include <algorithm>

namespace recurve {
namespace {

template <typename Named>
const Named* FindNamed(const std::vector<Named>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Named& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

const OptionModel* CommandModel::FindOption(const std::string& option) const { return FindNamed(options, option); }

const CommandModel* CommandModel::FindCommand(const std::string& command) const { return FindNamed(commands, command); }

}  // namespace recurve
