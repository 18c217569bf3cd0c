// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/settings.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <regex>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/nearest_name.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

constexpr char kDash[] = "--";
constexpr size_t kColumns = 120;

std::string Prefix(const CLI::App& app) {
  return absl::StrCat(absl::AsciiStrToUpper(absl::StrReplaceAll(app.get_name(), {{"-", "_"}})), "_");
}

std::string Variable(const CLI::App& app, const std::string& key) {
  return Prefix(app) + absl::AsciiStrToUpper(absl::StrReplaceAll(key, {{"-", "_"}}));
}

std::string KeyOf(const CLI::Option& option) { return option.get_lnames().front(); }

bool IsRepeatable(const CLI::Option& option) { return option.get_expected_max() > 1; }

// Kubernetes and Docker tell a container the addresses of services in variables that begin with the service's name,
// which may be ours: RECURVE_PLANNER_SERVICE_HOST, RECURVE_PLANNER_PORT=tcp://..., RECURVE_PLANNER_PORT_7401_TCP_ADDR.
bool IsAddressOfService(const std::string& name, const std::string& value) {
  static const std::regex kAlways(
      ".*_(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)");
  return std::regex_match(name, kAlways) || (absl::EndsWith(name, "_PORT") && value.find("://") != std::string::npos);
}

// What to add to an error about the unknown name `prefix` + `typed`.
std::string MeantText(const std::string& typed, const std::vector<std::string>& names, const std::string& prefix = "") {
  const int nearest = NearestName(typed, names);
  return nearest < 0 ? "" : absl::StrCat("; did you mean ", prefix, names[static_cast<size_t>(nearest)], "?");
}

// The rule in --help.
std::string Rule(const CLI::App& app) {
  return absl::StrCat(
      "Every flag with a value is also a variable of the environment, such as ", Variable(app, "metrics-listen"),
      ",\nand a key of the TOML file of --config, such as metrics-listen = \"127.0.0.1:9000\". The command line takes\n"
      "precedence over the environment, the environment over the file, and the file over the default. A flag that may\n"
      "be repeated is a list with commas in the environment, and an array in the file.");
}

// `text` as lines of comment.
std::string Comment(const std::string& text) {
  std::string comment;
  std::string line = "#";
  for (const std::string& word :
       std::vector<std::string>(absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty()))) {
    if (line.size() + 1 + word.size() > kColumns) {
      absl::StrAppend(&comment, line, "\n");
      line = "#";
    }
    absl::StrAppend(&line, " ", word);
  }
  return absl::StrCat(comment, line, "\n");
}

// The right side of `key = `.
std::string ValueText(const CLI::Option& option) {
  const bool unset = option.empty() && option.get_default_str().empty();
  std::vector<std::string> values = option.results();
  if (option.empty()) values = {unset ? option.get_type_name() : option.get_default_str()};
  std::string text =
      absl::StrJoin(values, ", ", [](std::string* out, const std::string& value) { out->append(TomlValue(value)); });
  return IsRepeatable(option) ? absl::StrCat("[", text, "]") : text;
}

}  // namespace

Settings::Settings(CLI::App& app)
    : app_(app), config_(app.add_option("--config", path_, "TOML file with settings")->type_name("FILE")) {
  app.add_flag("--check-config", check_,
               "Check the settings and what they name, and exit: with status 0, or 2 if something is wrong");
  app.add_flag("--print-config", print_,
               "Print all settings, and where they come from, as a file for --config, and exit");
  const std::string footer = app.get_footer();
  app.footer(absl::StrCat(Rule(app), footer.empty() ? "" : "\n", footer));
}

// Those that are also variables and, apart from --config, keys.
std::vector<CLI::Option*> Settings::Options() const {
  return app_.get_options(
      [](const CLI::Option* option) { return option->get_items_expected_max() > 0 && !option->get_lnames().empty(); });
}

std::string Settings::VariableOf(const CLI::Option& option) const { return Variable(app_, KeyOf(option)); }

absl::Status Settings::Complete() {
  RETURN_IF_ERROR(CheckVariables());
  for (CLI::Option* const option : Options()) RETURN_IF_ERROR(TakeEnvironment(*option));
  return path_.empty() ? absl::OkStatus() : TakeFile();
}

absl::Status Settings::CheckVariables() const {
  const std::string prefix = Prefix(app_);
  std::vector<std::string> known;  // without the prefix
  for (const CLI::Option* const option : Options()) known.push_back(VariableOf(*option).substr(prefix.size()));
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::pair<std::string, std::string> variable = absl::StrSplit(*entry, absl::MaxSplits('=', 1));
    const auto& [name, value] = variable;
    if (!absl::StartsWith(name, prefix) || IsAddressOfService(name, value)) continue;
    const std::string rest = name.substr(prefix.size());
    if (std::find(known.begin(), known.end(), rest) != known.end()) continue;
    return absl::InvalidArgumentError(absl::StrCat("the environment variable ", name, " is not a setting of ",
                                                   app_.get_name(), MeantText(rest, known, prefix)));
  }
  return absl::OkStatus();
}

absl::Status Settings::TakeEnvironment(CLI::Option& option) {
  if (!option.empty()) return absl::OkStatus();
  const std::string variable = VariableOf(option);
  const char* const value = std::getenv(variable.c_str());  // NOLINT(concurrency-mt-unsafe): nothing changes it
  if (value == nullptr) return absl::OkStatus();
  std::vector<std::string> values = {value};
  if (IsRepeatable(option)) values = absl::StrSplit(value, ',', absl::SkipEmpty());
  return Set(option, values, absl::StrCat("the environment variable ", variable));
}

absl::Status Settings::TakeFile() {
  ASSIGN_OR_RETURN(const std::vector<FileSetting> settings, ReadSettingsFile(path_));
  for (const FileSetting& setting : settings) {
    ASSIGN_OR_RETURN(CLI::Option* const option, Find(setting));
    if (!option->empty()) continue;
    RETURN_IF_ERROR(Set(*option, setting.values, absl::StrCat(path_, ", line ", setting.line)));
  }
  return absl::OkStatus();
}

absl::StatusOr<CLI::Option*> Settings::Find(const FileSetting& setting) const {
  const std::string where = absl::StrCat(path_, ", line ", setting.line, ": ", setting.key);
  std::vector<std::string> keys;
  for (CLI::Option* const option : Options()) {
    if (option == config_) continue;
    keys.push_back(KeyOf(*option));
    if (keys.back() != setting.key) continue;
    if (!setting.is_array || IsRepeatable(*option)) return option;
    return absl::InvalidArgumentError(absl::StrCat(where, " is an array; must be one value"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(where, " is not a setting of ", app_.get_name(), MeantText(setting.key, keys)));
}

absl::Status Settings::Set(CLI::Option& option, const std::vector<std::string>& values, const std::string& source) {
  sources_[&option] = source;
  if (values.empty()) return absl::OkStatus();
  for (const std::string& value : values) option.add_result(value);
  try {
    option.run_callback();
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(Attribute(kDash + KeyOf(option), error.what()));
  }
  return absl::OkStatus();
}

std::string Settings::Attribute(const std::string& flag, const std::string& problem) const {
  const CLI::Option* const option = app_.get_option_no_throw(flag);
  const auto source = sources_.find(option);
  if (source != sources_.end()) return absl::StrCat(source->second, ": ", problem);
  return absl::StartsWith(problem, kDash) ? problem : absl::StrCat(flag, ": ", problem);
}

absl::StatusOr<std::string> Settings::ToFile() const {
  std::string text =
      Comment(absl::StrCat("Settings of ", app_.get_name(),
                           ", for its flag --config, as its flag --print-config "
                           "prints them. What is commented out is a default, or only the form of a value. A key is "
                           "also a flag, --key, and a variable of the environment, ",
                           Prefix(app_),
                           "KEY, with \"_\" for \"-\"; the command line takes precedence over the environment, and "
                           "the environment over this file."));
  for (const CLI::Option* const option : Options()) {
    if (option == config_) continue;
    absl::StrAppend(&text, "\n", Comment(option->get_description()));
    if (!option->empty()) {
      const auto source = sources_.find(option);
      absl::StrAppend(
          &text, Comment("Source: " + (source == sources_.end() ? "the command line" : Printable(source->second))));
    }
    absl::StrAppend(&text, option->empty() ? "# " : "", KeyOf(*option), " = ", ValueText(*option), "\n");
  }
  if (IsUtf8(text)) return text;
  return absl::InvalidArgumentError("a value is not UTF-8 and cannot be printed as TOML");
}

}  // namespace recurve
