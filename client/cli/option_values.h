// SPDX-License-Identifier: Apache-2.0
//
// Options whose values are checked more strictly than CLI11 does: "12x", "0x10", "1e99999" and numbers that overflow
// are errors that name the option, the value, and what is expected.
#ifndef RECURVE_CLIENT_CLI_OPTION_VALUES_H_
#define RECURVE_CLIENT_CLI_OPTION_VALUES_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "executor/job/job_spec.h"
#include "planner_service/planning/plan.h"

namespace recurve {

// Each binds an option to `value`, whose content at that moment is the default that --help shows.
CLI::Option* AddCount(CLI::App& app, const std::string& names, int64_t& value, const std::string& help);
CLI::Option* AddCount(CLI::App& app, const std::string& names, std::optional<int64_t>& value, const std::string& help);
CLI::Option* AddThreads(CLI::App& app, int& value);
CLI::Option* AddSeed(CLI::App& app, uint64_t& value);
CLI::Option* AddReal(CLI::App& app, const std::string& names, double& value, const std::string& help);
CLI::Option* AddReal(CLI::App& app, const std::string& names, std::optional<double>& value, const std::string& help);
CLI::Option* AddShare(CLI::App& app, const std::string& names, double& value, const std::string& help);  // 0.05 or 5%
CLI::Option* AddBytes(CLI::App& app, const std::string& names, std::optional<int64_t>& value, const std::string& help);
CLI::Option* AddBytes(CLI::App& app, const std::string& names, int64_t& value, const std::string& help);
CLI::Option* AddMemory(CLI::App& app, const std::string& names, MemoryLimit& value, const std::string& help);
CLI::Option* AddStrategy(CLI::App& app, const std::string& names, Strategy& value, const std::string& help);
CLI::Option* AddText(CLI::App& app, const std::string& names, std::string& value, const std::string& help,
                     const std::string& kind = "TEXT");

// One of a few names.
template <typename Kind>
CLI::Option* AddChoice(CLI::App& app, const std::string& names, Kind& value, const std::map<std::string, Kind>& choices,
                       const std::string& help) {
  std::string listed;
  std::string initial;
  for (const auto& [name, kind] : choices) {
    listed += (listed.empty() ? "" : " or ") + name;
    if (kind == value) initial = name;
  }
  const auto assign = [&value, choices, names, listed](const std::string& text) {
    const auto found = choices.find(text);
    if (found == choices.end()) throw CLI::ValidationError(names, "\"" + text + "\" is not " + listed);
    value = found->second;
  };
  return app.add_option_function<std::string>(names, assign, help + ": " + listed)
      ->type_name("NAME")
      ->default_str(initial);
}

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_OPTION_VALUES_H_
