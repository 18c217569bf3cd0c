// SPDX-License-Identifier: Apache-2.0
//
// What Recurve's daemons do alike, from main to the exit status, and the options that they share.
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_DAEMON_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_DAEMON_H_

#include <CLI/CLI.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "planner_service/grpc_server/server.h"
#include "planner_service/text/units.h"

namespace recurve {

// All of a daemon's main: takes the signals over, starts the log, and runs `body`, which returns the exit status. An
// error or exception of the body is printed on standard error, and the exit status is 1. `name` is "planner" for
// recurve-planner.
int RunDaemon(const std::string& name, const std::function<absl::StatusOr<int>()>& body);

// An option whose value is read by `parse`, which returns a StatusOr. Unless it is given, `value` stays what it is, of
// which `initial` is the text.
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

// --version, --listen, --metrics-listen and --drain-time.
void AddServerFlags(CLI::App& app, const std::string& version, ServerOptions& options);

// Whether the program is to go on. Otherwise (--help, --version, a wrong option) what there is to say has been written
// and `exit_status` is set.
bool ParseCommandLine(CLI::App& app, int argc, char** argv, int& exit_status);

// Logs where `program` (with its version) serves. `more` is what else is worth knowing of how it was started.
void LogServing(const std::string& program, const Server& server, const std::string& more);

// Waits for one of the signals that end a daemon, or until the server is deaf, logs that and `what_follows`, and runs
// `drain`. Returns the exit status: 1 when the server was deaf.
int ServeUntilSignal(const Server& server, const std::string& what_follows, const std::function<void()>& drain);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_DAEMON_H_
