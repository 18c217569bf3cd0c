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
  const bool help = words.size() > 1 && words.front() == kHelpWord;
  const CommandPath path =
      FollowWords(program, {words.begin() + (help ? 1 : 0), words.end() - (words.empty() ? 0 : 1)});
  const CommandModel& command = path.last();
  if (path.waiting != nullptr) return ValuesOfKind(path.waiting->kind);
  if (help) return CommandLines(command);
  if (!words.empty() && absl::StartsWith(words.back(), "-")) return OptionLines(command);
  if (command.needs_command) return CommandLines(command);
  const std::string of_words = command.words.empty() ? "" : ValuesOfKind(command.words.front().kind);
  return of_words.empty() ? CommandLines(command) + OptionLines(command) : of_words;
}

}  // namespace recurve
