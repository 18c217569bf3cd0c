// SPDX-License-Identifier: Apache-2.0
#include "client/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/build_info.h"
#include "client/cli/command_model.h"
#include "client/cli/completion.h"
#include "client/cli/idle_options.h"
#include "client/cli/suggestion.h"

namespace recurve {
namespace {

OptionModel ModelOf(const CLI::Option& option) {
  OptionModel model{.name = option.get_positional() ? option.get_name(true) : "--" + option.get_lnames().front(),
                    .kind = option.get_items_expected_max() > 0 ? option.get_type_name() : "",
                    .help = option.get_description(),
                    .value = option.get_default_str(),
                    .given = option.count() > 0};
  if (model.given && !option.results().empty()) model.value = option.results().back();
  return model;
}

CommandModel ModelOf(const CLI::App& app) {
  CommandModel model{.name = app.get_name(), .summary = app.get_description(), .chosen = app.parsed()};
  for (const CLI::Option* option : app.get_options()) {
    (option->get_positional() ? model.words : model.options).push_back(ModelOf(*option));
  }
  for (const CLI::App* inner : app.get_subcommands({})) model.commands.push_back(ModelOf(*inner));
  return model;
}

// The command that was asked for, and its name in full: "recurve schedule export".
struct ChosenCommand {
  const CommandModel* model;
  std::string name;
};

ChosenCommand ChosenIn(const CommandModel& program) {
  ChosenCommand chosen{&program, program.name};
  for (bool deeper = true; deeper;) {
    const std::vector<CommandModel>& inner = chosen.model->commands;
    const auto next = std::find_if(inner.begin(), inner.end(), [](const CommandModel& one) { return one.chosen; });
    deeper = next != inner.end();
    if (deeper) chosen = {&*next, absl::StrCat(chosen.name, " ", next->name)};
  }
  return chosen;
}

// `unknown` are the words that the parser could not place, in the order in which they were typed.
std::string UsageError(const CLI::Error& error, const ChosenCommand& chosen, const std::vector<std::string>& unknown) {
  if (unknown.empty()) {
    const bool no_command = !chosen.model->commands.empty();
    return no_command ? absl::StrCat("a command is missing after \"", chosen.name, "\"") : error.what();
  }
  const std::string& word = unknown.front();
  const std::string suggestion = SuggestionFor(*chosen.model, word);
  const bool option = absl::StartsWith(word, "-");
  const bool command = !option && !chosen.model->commands.empty();
  return absl::StrCat("\"", absl::StrJoin(unknown, " "), "\" is not expected: ", chosen.name,
                      option    ? " has no such option"
                      : command ? " has no such command"
                                : " takes no such word",
                      suggestion.empty() ? "" : absl::StrCat("; did you mean ", suggestion, "?"));
}

// `recurve help train` and `recurve version` are what people type first.
std::vector<std::string> WithoutAliases(std::vector<std::string> words) {
  if (words.empty()) return words;
  if (words.front() == "help") {
    words.erase(words.begin());
    words.push_back("--help");
  } else if (words.front() == "version") {
    words.front() = "--version";
  }
  return words;
}

// What the program ends with when no command is to run: after help, the version, or wrong words.
std::optional<ExitStatus> ParseWords(CLI::App& app, std::vector<std::string> words) {
  std::reverse(words.begin(), words.end());  // as the parser takes them
  try {
    app.parse(std::move(words));
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version) == 0 ? ExitStatus::kDone : ExitStatus::kFailed;
  } catch (const CLI::Error& error) {
    const CommandModel program = ModelOf(app);
    const ChosenCommand chosen = ChosenIn(program);
    const std::string wrong = UsageError(error, chosen, app.remaining(/*recurse=*/true));
    return Fail(ExitStatus::kUsage,
                absl::StrCat(wrong, wrong.back() == '?' ? " See " : "; see ", chosen.name, " --help"));
  }
  const CommandModel program = ModelOf(app);
  const CommandModel& command = *ChosenIn(program).model;
  const OptionModel* planner = command.FindOption("--planner");
  if (planner != nullptr && planner->given && !HasServices()) {
    return Fail(ExitStatus::kUsage, absl::StrCat("--planner needs services: ", kNoServices));
  }
  if (absl::Status status = CheckIdleOptions(command); !status.ok()) return Fail(status, ExitStatus::kUsage);
  return std::nullopt;
}

}  // namespace

CLI::App& AddCommand(const Section& section, const std::string& name, const std::string& summary,
                     const std::string& footer) {
  CLI::App* command = section.app.add_subcommand(name, summary);
  command->group(section.heading);
  command->footer(footer);
  return *command;
}

ExitStatus RunChosen(const std::vector<Command>& commands) {
  for (const Command& command : commands) {
    if (command.app->parsed()) return command.run();
  }
  return ExitStatus::kUsage;
}

ExitStatus RunCommandLine(const ProgramText& text, const std::vector<CommandSection>& sections,
                          const std::vector<std::string>& words) {
  CLI::App app(text.description, "recurve");
  app.footer(text.footer);
  app.set_version_flag("-V,--version", VersionText(), "print version, build and instruction set");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.get_formatter()->column_width(30);
  std::vector<Command> commands;
  for (const CommandSection& section : sections) {
    for (const auto add : section.add) commands.push_back(add({app, section.heading}));
  }
  if (!words.empty() && words.front() == kCompleteWord) {
    std::fputs(CompletionsOf(ModelOf(app), {words.begin() + 1, words.end()}).c_str(), stdout);
    return ExitStatus::kDone;
  }
  for (const Command& command : commands) {
    if (!command.app->get_subcommands({}).empty()) command.app->require_subcommand(1);
  }
  app.require_subcommand(1);
  const std::optional<ExitStatus> end = ParseWords(app, WithoutAliases(words));
  return end ? *end : RunChosen(commands);
}

}  // namespace recurve
