// SPDX-License-Identifier: Apache-2.0
//
// The parts shared by Recurve's daemons: main, the exit status, and common options.
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_DAEMON_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_DAEMON_H_

#include <CLI/CLI.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planner_service/grpc_server/server.h"
#include "planner_service/text/units.h"

namespace recurve {

// Implements a daemon's main: forbids core dumps, blocks signals, starts the log, and runs `body`, which returns the
// exit status. Prints an error or exception of the body on standard error; the exit status is then 1. `name` is
// "planner" for recurve-planner.
int RunDaemon(const std::string& name, const std::function<absl::StatusOr<int>()>& body);

// Adds an option whose value is parsed by `parse`, which returns a StatusOr. `initial` is the text of the initial
// `value`, the default.
template <typename T, typename Parse>
void AddParsed(CLI::App& app, const std::string& name, T& value, const std::string& initial, const char* type,
               const std::string& help, Parse parse) {
  const auto assign = [&value, name, parse](const std::string& text) {
    absl::StatusOr<T> parsed = parse(text);
    if (!parsed.ok()) throw CLI::ValidationError(name, std::string(parsed.status().message()));
    value = *std::move(parsed);
  };
  app.add_option_function<std::string>(name, assign, help)->type_name(type)->default_str(initial);
}

void AddDuration(CLI::App& app, const std::string& name, std::chrono::milliseconds& value, const std::string& help,
                 absl::StatusOr<std::chrono::milliseconds> (*parse)(std::string_view) = ParseDuration);

// Adds --version, --listen, --metrics-listen, --metrics-public, --allow-plaintext, --tls-cert-file, --tls-key-file,
// --client-ca-file, --client-role, --token-file, --max-requests-per-second, --drain-time, and --log-format, --log-level
// and --core-dumps, which take effect when they are parsed. Sets the program of `options`.
void AddServerFlags(CLI::App& app, const std::string& version, ServerOptions& options);

// What --check-config checks beyond the single values, such as files that must exist, without changing anything.
struct SettingCheck {
  std::string flag;  // that a failure concerns, such as "--data-root"
  std::function<absl::Status()> run;
};

// The checks of what AddServerFlags adds.
std::vector<SettingCheck> ServerChecks(const ServerOptions& options);

// Takes the values of all options from the command line, the environment and the file of settings (Settings). Returns
// whether the program continues. Otherwise (--help, --version, --check-config, --print-config, an invalid value) the
// output has been printed and `exit_status` is set.
bool ParseCommandLine(CLI::App& app, int argc, char** argv, const std::vector<SettingCheck>& checks, int& exit_status);

// Logs the addresses on which `program` (with its version) serves. `more` describes its configuration.
void LogServing(const std::string& program, const Server& server, const std::string& more);

// Waits for a termination signal or until the server is unresponsive (Server::CheckResponsive), logs that and
// `what_follows`, and runs `drain`, which takes at most `drain_limit`; the process ends at most 3 s later, whatever its
// threads do. Meanwhile, reports to the service manager (ServiceReports). Returns the exit status: 1 if the server was
// unresponsive.
int ServeUntilSignal(const Server& server, const std::string& what_follows, std::chrono::milliseconds drain_limit,
                     const std::function<void()>& drain);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_DAEMON_H_
