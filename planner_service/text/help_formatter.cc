// SPDX-License-Identifier: Apache-2.0
#include "planner_service/text/help_formatter.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace recurve {
namespace {

constexpr size_t kHelpWidth = 120;
constexpr size_t kHelpColumn = 30;  // where the descriptions of options begin

}  // namespace

std::string Wrapped(const std::string& text, size_t width) {
  std::string wrapped;
  size_t column = 0;
  for (const std::string& word : std::vector<std::string>(absl::StrSplit(text, ' '))) {
    const bool fits = column + 1 + word.size() <= width;
    if (column > 0) wrapped += fits ? ' ' : '\n';
    column = (column > 0 && fits ? column + 1 : 0) + word.size();
    wrapped += word;
  }
  return wrapped;
}

HelpFormatter::HelpFormatter() {
  column_width(kHelpColumn);
  label("SUBCOMMAND", "COMMAND");
  label("Positionals", "Arguments");
}

std::string HelpFormatter::make_description(const CLI::App* app) const {
  return absl::StrCat(CLI::Formatter::make_description(app), "\n");
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  return Wrapped(CLI::Formatter::make_option_desc(option), kHelpWidth - kHelpColumn);
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const {
  return absl::StrReplaceAll(CLI::Formatter::make_help(app, std::move(name), mode), {{"\n\n\n", "\n\n"}});
}

}  // namespace recurve
