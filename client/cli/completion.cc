// SPDX-License-Identifier: Apache-2.0
#include "client/cli/completion.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace recurve {
namespace {

std::string ValuesOfKind(const std::string& kind) {
  if (absl::StrContains(kind, "FILE")) return kCompleteFiles;
  const bool names = absl::StrContains(kind, '|') && kind.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == kind.npos;
  std::string lines;
  if (!names) return lines;
  for (const auto& name : absl::StrSplit(kind, '|')) absl::StrAppend(&lines, name, "\n");
  return lines;
}

std::string OptionLines(const CommandModel& command) {
  std::string lines;
  for (const OptionModel& option : command.options) absl::StrAppend(&lines, option.name, "\t", option.help, "\n");
  return lines;
}

std::string CommandLines(const CommandModel& command) {
  std::string lines;
  for (const CommandModel& inner : command.commands) absl::StrAppend(&lines, inner.name, "\t", inner.summary, "\n");
  return lines;
}

}  // namespace

std::string CompletionsOf(const CommandModel& program, const std::vector<std::string>& words) {
  const CommandModel* command = &program;
  const OptionModel* waiting = nullptr;  // an option whose value comes next
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    const bool value = waiting != nullptr;
    waiting = nullptr;
    if (value) continue;
    if (const CommandModel* inner = command->FindCommand(words[i])) command = inner;
    const OptionModel* option = command->FindOption(words[i]);
    if (option != nullptr && !option->kind.empty()) waiting = option;
  }
  if (waiting != nullptr) return ValuesOfKind(waiting->kind);
  if (!words.empty() && absl::StartsWith(words.back(), "-")) return OptionLines(*command);
  if (!command->commands.empty()) return CommandLines(*command);
  const std::string of_words = command->words.empty() ? "" : ValuesOfKind(command->words.front().kind);
  return of_words.empty() ? OptionLines(*command) : of_words;
}

}  // namespace recurve
