// SPDX-License-Identifier: Apache-2.0
//
// Options of commands. Values are checked more strictly than CLI11 does: "12x", "0x10", "1e99999" and numbers that
// overflow are errors that name the option, the value, and what is expected.
#ifndef RECURVE_CLIENT_CLI_OPTION_VALUES_H_
#define RECURVE_CLIENT_CLI_OPTION_VALUES_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "executor/job/job_spec.h"
#include "planner_service/fields/field.h"
#include "planner_service/planning/plan.h"

// CLI11 is slow to compile: only option_values.cc and command_line.cc include it.
namespace CLI {
class App;
}

namespace recurve {

// Where an option or a command is listed: under a heading of the help of `app`.
struct Section {
  // Implicit: most options are listed under "Options".
  Section(CLI::App& listed_in, std::string title = "Options")  // NOLINT(google-explicit-constructor)
      : app(listed_in), heading(std::move(title)) {}

  CLI::App& app;
  std::string heading;
};

// Each binds an option to `value`, which must outlive parsing; its content at the call is the default that --help
// shows. An option that is given twice takes the last value.
void AddFlag(const Section& section, const std::string& name, bool& value, const std::string& help, bool given = true);
void AddFlag(const Section& section, const std::string& name, std::optional<bool>& value, const std::string& help,
             bool given);
void AddCount(const Section& section, const std::string& name, int64_t& value, const std::string& help,
              const CountRange& range = {});
void AddCount(const Section& section, const std::string& name, std::optional<int64_t>& value, const std::string& help);
void AddThreads(const Section& section, int& value);
void AddSeed(const Section& section, const std::string& name, uint64_t& value, const std::string& help);
void AddReal(const Section& section, const std::string& name, double& value, const std::string& help,
             const RealRange& range = {});
void AddReal(const Section& section, const std::string& name, std::optional<double>& value, const std::string& help);
void AddShare(const Section& section, const std::string& name, double& value, const std::string& help,
              const RealRange& range = {});  // 0.05 or 5%
void AddBytes(const Section& section, const std::string& name, std::optional<int64_t>& value, const std::string& help);
void AddBytes(const Section& section, const std::string& name, int64_t& value, const std::string& help,
              const CountRange& range = {});
void AddSeconds(const Section& section, const std::string& name, double& value, const std::string& help,
                const RealRange& range = {});  // 90s, 5m
void AddMemory(const Section& section, const std::string& name, MemoryLimit& value, const std::string& help);
void AddInterval(const Section& section, const std::string& name, Interval& value,
                 const std::string& help);  // 100, 30s, 10min
void AddStrategy(const Section& section, const std::string& name, Strategy& value, const std::string& help);
void AddText(const Section& section, const std::string& name, std::string& value, const std::string& help,
             const std::string& kind = "TEXT");

// The address of a service; validated by CheckTarget.
// An option from which the values of the others are read: `read` is called before any other option takes effect, and
// required options may then be missing. Not together with the option `without`.
void AddSource(const Section& section, const std::string& name, const std::function<void(const std::string&)>& read,
               const std::string& help, const std::string& kind, const std::string& without);
void AddTarget(const Section& section, const std::string& name, std::string& value, const std::string& help);

// An option that may be given several times and appends to `values` each time.
void AddTexts(const Section& section, const std::string& name, std::vector<std::string>& values,
              const std::string& help, const std::string& kind);

// Positional arguments: one that is required, or any number.
void AddPositional(const Section& section, const std::string& name, std::string& value, const std::string& help,
                   const std::string& kind);
void AddPositional(const Section& section, const std::string& name, int64_t& value, const std::string& help,
                   const CountRange& range);
void AddPositional(const Section& section, const std::string& name, MemoryLimit& value, const std::string& help);
void AddPositionals(const Section& section, const std::string& name, std::vector<std::string>& values,
                    const std::string& help, const std::string& kind);

// One of `names`, by its index. The help shows `kind` or, if that is empty, the names.
void AddOneOf(const Section& section, const std::string& name, const std::vector<std::string>& names,
              const std::string& initial, const std::function<void(size_t)>& assign, const std::string& help,
              const std::string& kind = "");

template <typename Kind, size_t n>
void AddChoice(const Section& section, const std::string& name, Kind& value, const Named<Kind> (&kinds)[n],
               const std::string& help) {
  std::vector<std::string> names;
  for (const Named<Kind>& kind : kinds) names.emplace_back(kind.name);
  AddOneOf(
      section, name, names, std::string(NameOf(kinds, value)),
      [&value, &kinds](size_t chosen) { value = kinds[chosen].value; }, help);
}

// Called once after the options of `app` have been parsed, if it is the command that runs; an error is one of usage.
void WhenParsed(CLI::App& app, const std::function<absl::Status()>& finish);

// Hides the default of an option that is required.
void HideDefault(const Section& section, const std::string& name);

// Unknown words and options are not errors of this command.
void AcceptAnyWords(CLI::App& app);

// After parsing: whether the option was on the command line.
bool IsGiven(const CLI::App& app, const std::string& name);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_OPTION_VALUES_H_
