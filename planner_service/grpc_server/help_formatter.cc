// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/help_formatter.h"

#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "planner_service/text/wrapped.h"

namespace recurve {
namespace {

constexpr size_t kHelpWidth = 120;
constexpr size_t kHelpColumn = 30;  // where the descriptions of options begin

}  // namespace

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
