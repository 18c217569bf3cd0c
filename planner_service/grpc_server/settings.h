// SPDX-License-Identifier: Apache-2.0
//
// The settings of a daemon: each flag is also a variable of the environment and a key of a file, by one rule.
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_SETTINGS_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_SETTINGS_H_

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planner_service/grpc_server/settings_file.h"

namespace recurve {

// Extends the options of a CLI11 application, all of which must have been added before, to the environment and a file:
// --max-solves of recurve-planner is RECURVE_PLANNER_MAX_SOLVES and the key max-solves. The command line takes
// precedence over the environment, the environment over the file, and the file over the default. Not thread-safe.
//
//   Settings settings(app);
//   app.parse(argc, argv);
//   RETURN_IF_ERROR(settings.Complete());
class Settings {
 public:
  // Adds --config, --check-config and --print-config, and explains the rule in the footer of --help.
  explicit Settings(CLI::App& app);

  // Gives each option that is not on the command line its value from the environment or the file. INVALID_ARGUMENT,
  // naming where the value comes from, for a value that the option refuses, and for an unknown variable or key;
  // NOT_FOUND if the file cannot be read.
  absl::Status Complete();

  bool check() const { return check_; }
  bool print() const { return print_; }

  // All settings as a file for --config, with help as comments. Values that are not defaults say where they come from.
  // INVALID_ARGUMENT if a value is not UTF-8.
  absl::StatusOr<std::string> ToFile() const;

  // `problem`, which concerns `flag` ("--data-root"), preceded by where the value of the flag comes from.
  std::string Attribute(const std::string& flag, const std::string& problem) const;

 private:
  std::vector<CLI::Option*> Options() const;
  std::string VariableOf(const CLI::Option& option) const;
  absl::Status Set(CLI::Option& option, const std::vector<std::string>& values, const std::string& source);
  absl::Status CheckVariables() const;
  absl::Status TakeEnvironment(CLI::Option& option);
  absl::Status TakeFile();
  absl::StatusOr<CLI::Option*> Find(const FileSetting& setting) const;

  CLI::App& app_;
  std::string path_;  // of the file; empty: none
  bool check_ = false;
  bool print_ = false;
  CLI::Option* const config_;
  std::map<const CLI::Option*, std::string> sources_;  // of values from the environment or the file
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_SETTINGS_H_
