// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/daemon.h"

#include <spdlog/spdlog.h>

#include <iostream>

#include "absl/strings/str_cat.h"
#include "planner_service/grpc_server/address.h"
#include "planner_service/grpc_server/daemon_log.h"
#include "planner_service/process/failures.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

constexpr int kExitWrongUsage = 2;

// Checks that `text` is an address.
absl::StatusOr<std::string> CheckedAddress(const std::string& text) {
  RETURN_IF_ERROR(ParseAddress(text).status());
  return text;
}

absl::StatusOr<std::string> CheckedAddressOrNone(const std::string& text) {
  return text.empty() ? text : CheckedAddress(text);
}

}  // namespace

int RunDaemon(const std::string& name, const std::function<absl::StatusOr<int>()>& body) {
  const std::string program = "recurve-" + name;
  const absl::StatusOr<int> exit_status = CatchFailures("the " + name, [&] {
    QuietGrpcLog();
    TakeSignals();
    StartDaemonLog(program);
    return body();
  });
  if (exit_status.ok()) return *exit_status;
  std::cerr << program << ": " << Printable(std::string(exit_status.status().message())) << "\n";
  return 1;
}

void AddDuration(CLI::App& app, const std::string& name, std::chrono::milliseconds& value, const std::string& help,
                 absl::StatusOr<std::chrono::milliseconds> (*parse)(std::string_view)) {
  AddParsed(app, name, value, FormatDuration(value), "DURATION", help, parse);
}

void AddServerFlags(CLI::App& app, const std::string& version, ServerOptions& options) {
  app.set_version_flag("--version", app.get_name() + " " + version, "Print the version and exit");
  AddParsed(app, "--listen", options.listen, options.listen, "ADDRESS",
            "gRPC address, HOST:PORT or unix:PATH; port 0 selects any free port", CheckedAddress);
  AddParsed(app, "--metrics-listen", options.metrics_listen, options.metrics_listen, "ADDRESS",
            "Address of the Prometheus endpoint; port 0 selects any free port, \"\" disables the endpoint",
            CheckedAddressOrNone);
  AddDuration(app, "--drain-time", options.drain_time,
              "Time for calls in progress to finish after SIGTERM before they are cancelled");
}

bool ParseCommandLine(CLI::App& app, int argc, char** argv, int& exit_status) {
  try {
    app.parse(argc, argv);
    return true;
  } catch (const CLI::Success& wanted) {  // --help, --version
    exit_status = app.exit(wanted);
  } catch (const CLI::ParseError& error) {
    std::cerr << app.get_name() << ": " << Printable(error.what()) << " (see " << app.get_name() << " --help)\n";
    exit_status = kExitWrongUsage;
  }
  return false;
}

void LogServing(const std::string& program, const Server& server, const std::string& more) {
  spdlog::info("{} serves gRPC on {}, metrics {}; {}, no TLS", program, server.address(), server.metrics_address(),
               more);
}

int ServeUntilSignal(const Server& server, const std::string& what_follows, const std::function<void()>& drain) {
  const absl::StatusOr<int> signal = WaitForTermination(server);
  spdlog::info("{}: {}", signal.ok() ? absl::StrCat("signal ", *signal) : std::string(signal.status().message()),
               what_follows);
  drain();
  return signal.ok() ? 0 : 1;
}

}  // namespace recurve
