// SPDX-License-Identifier: Apache-2.0
#include "client/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/build_info.h"
#include "client/cli/command_model.h"
#include "client/cli/completion.h"
#include "client/cli/idle_options.h"
#include "client/cli/suggestion.h"
#include "planner_service/grpc_server/help_formatter.h"
#include "planner_service/process/library_versions.h"

namespace recurve {
namespace {

OptionModel ModelOf(const CLI::Option& option) {
  OptionModel model{.name = option.get_positional() ? option.get_name(true) : "--" + option.get_lnames().front(),
                    .kind = option.get_items_expected_max() > 0 ? option.get_type_name() : "",
                    .help = option.get_description(),
                    .value = option.get_default_str(),
                    .given = option.count() > 0};
  for (size_t i = 1; i < option.get_lnames().size(); ++i) model.aliases.push_back("--" + option.get_lnames()[i]);
  if (model.given && !option.results().empty()) model.value = option.results().back();
  return model;
}

CommandModel ModelOf(const CLI::App& app) {
  CommandModel model{
      .name = app.get_name(), .summary = app.get_description(), .needs_command = app.get_require_subcommand_min() > 0};
  for (const CLI::Option* option : app.get_options()) {
    (option->get_positional() ? model.words : model.options).push_back(ModelOf(*option));
  }
  for (const CLI::App* inner : app.get_subcommands({})) model.commands.push_back(ModelOf(*inner));
  return model;
}

ExitStatus FailUsage(const CommandPath& path, const std::string& wrong) {
  return Fail(ExitStatus::kUsage,
              absl::StrCat(wrong, wrong.back() == '?' ? " See " : "; see ", path.name(), " --help"));
}

// `unknown` are the words that the last command of `path` does not accept, in the order in which they were typed.
ExitStatus FailUnknown(const CommandPath& path, const std::vector<std::string>& unknown) {
  const std::string suggestion = SuggestionFor(path, unknown.front());
  const bool option = absl::StartsWith(unknown.front(), "-");
  const bool command = !option && !path.last().commands.empty();
  return FailUsage(path, absl::StrCat("\"", absl::StrJoin(unknown, " "), "\" is not expected: ", path.name(),
                                      option    ? " has no such option"
                                      : command ? " has no such command"
                                                : " takes no such argument",
                                      suggestion.empty() ? "" : absl::StrCat("; did you mean ", suggestion, "?")));
}

// Rejects what the parser accepts: options without effect in their position or in this build.
absl::Status CheckOptions(const CommandPath& path) {
  for (const CommandModel* outer : path.commands) {
    if (outer == &path.last()) break;
    for (const OptionModel& option : outer->options) {
      if (!option.given) continue;
      return absl::InvalidArgumentError(absl::StrCat(option.name, " has no effect before \"", path.last().name,
                                                     "\": ", path.name(), " takes its options after its name"));
    }
  }
  const OptionModel* planner = path.last().FindOption("--planner");
  if (planner != nullptr && planner->given && !HasServices()) {
    return absl::InvalidArgumentError(absl::StrCat("--planner needs services: ", kNoServices));
  }
  return CheckIdleOptions(path.last());
}

// The exit status if no command is to run: after help, the version, or a usage error.
std::optional<ExitStatus> ParseWords(CLI::App& app, const std::vector<std::string>& words) {
  // The parser would answer --help even after an unknown command.
  const CommandModel before = ModelOf(app);
  const CommandPath path = FollowWords(before, words);
  if (path.unknown) return FailUnknown(path, {*path.unknown});
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version) == 0 ? ExitStatus::kDone : ExitStatus::kFailed;
  } catch (const CLI::Error& error) {
    const std::vector<std::string> unknown = app.remaining(/*recurse=*/true);
    if (!unknown.empty()) return FailUnknown(path, unknown);
    return FailUsage(path, path.last().needs_command ? absl::StrCat("a command is missing after \"", path.name(), "\"")
                                                     : error.what());
  }
  const CommandModel after = ModelOf(app);
  if (absl::Status status = CheckOptions(FollowWords(after, words)); !status.ok()) {
    return Fail(status, ExitStatus::kUsage);
  }
  return std::nullopt;
}

// `recurve help schedule export`: words other than options must be names of commands.
std::optional<ExitStatus> ShowHelp(CLI::App& app, std::vector<std::string> words) {
  std::erase_if(words, [](const std::string& word) { return absl::StartsWith(word, "-") || word == kHelpWord; });
  const CommandModel program = ModelOf(app);
  const CommandPath path = FollowWords(program, words);
  const size_t followed = path.commands.size() - 1;
  if (followed < words.size()) return FailUnknown(path, {words[followed]});
  words.push_back("--help");
  return ParseWords(app, words);
}

}  // namespace

CLI::App& AddCommand(const Section& section, const std::string& name, const std::string& summary,
                     const std::string& footer) {
  CLI::App* command = section.app.add_subcommand(name, summary);
  command->group(section.heading);
  command->footer(footer);
  command->require_subcommand(0, 1);
  return *command;
}

Command AddCommandGroup(const Section& section, const std::string& name, const std::string& summary,
                        const std::string& footer, const std::vector<CommandAdder>& adders) {
  CLI::App& group = AddCommand(section, name, summary, footer);
  group.require_subcommand(1);
  std::vector<Command> commands;
  commands.reserve(adders.size());
  for (const CommandAdder add : adders) commands.push_back(add({group, "Commands"}));
  return {&group, [commands] { return RunChosen(commands, [] { return ExitStatus::kUsage; }); }};
}

ExitStatus RunChosen(const std::vector<Command>& commands, const std::function<ExitStatus()>& otherwise) {
  for (const Command& command : commands) {
    if (command.app->parsed()) return command.run();
  }
  return otherwise();
}

ExitStatus RunCommandLine(const ProgramText& text, const std::vector<CommandSection>& sections,
                          std::vector<std::string> words) {
  CLI::App app(text.description, "recurve");
  app.footer(text.footer);
  app.set_help_flag("-h,--help", "print this help");
  app.set_version_flag(
      "-V,--version", [] { return absl::StrCat(VersionText(), "\n", LibraryVersions()); },
      "print version, build, instruction set, and the versions of the libraries");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.formatter(std::make_shared<HelpFormatter>());
  app.require_subcommand(1);
  std::vector<Command> commands;
  for (const CommandSection& section : sections) {
    for (const CommandAdder add : section.add) commands.push_back(add({app, section.heading}));
  }
  const std::string first = words.empty() ? "" : words.front();
  const std::vector<std::string> others(words.begin() + (words.empty() ? 0 : 1), words.end());
  if (first == kCompleteWord) {
    std::fputs(CompletionsOf(ModelOf(app), others).c_str(), stdout);
    return ExitStatus::kDone;
  }
  if (first == "version") words.front() = "--version";  // accepted like `recurve help`
  const std::optional<ExitStatus> end = first == kHelpWord ? ShowHelp(app, others) : ParseWords(app, words);
  return end ? *end : RunChosen(commands, [] { return ExitStatus::kUsage; });
}

}  // namespace recurve
