// SPDX-License-Identifier: Apache-2.0
//
// recurve-executor: the daemon that trains on a node.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "executor/daemon/executor_daemon.h"
#include "executor/daemon/executor_flags.h"
#include "planner_service/serving/address.h"
#include "planner_service/serving/log.h"
#include "planner_service/serving/server.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

// `listen` with the port that was bound in the end.
std::string Bound(const std::string& listen, int port) {
  const absl::StatusOr<Address> address = ParseAddress(listen);
  return address.ok() ? ToString(Address{.host = address->host, .port = port}) : listen;
}

void LogStart(const ExecutorDaemonOptions& options, const ExecutorDaemon& daemon) {
  const std::string metrics =
      daemon.metrics_port() == 0
          ? "off"
          : absl::StrCat("http://", Bound(options.server.metrics_listen, daemon.metrics_port()), "/metrics");
  spdlog::info("recurve-executor {} serves gRPC on {}, metrics {}; plans by {}, no TLS", options.version,
               Bound(options.server.listen, daemon.port()), metrics,
               options.planner_target.empty() ? "the embedded planner" : options.planner_target);
}

int Serve(const ExecutorDaemonOptions& options) {
  const absl::StatusOr<std::unique_ptr<ExecutorDaemon>> daemon = ExecutorDaemon::Start(options);
  if (!daemon.ok()) {
    std::cerr << "recurve-executor: " << Printable(std::string(daemon.status().message())) << "\n";
    return 1;
  }
  LogStart(options, **daemon);
  const int signal = WaitForTerminationSignal();
  spdlog::info("signal {}: cancelling the job under way, draining", signal);
  (*daemon)->ShutDown();
  return 0;
}

}  // namespace
}  // namespace recurve

int main(int argc, char** argv) {
  recurve::QuietGrpcLog();
  recurve::BlockTerminationSignals();
  spdlog::set_default_logger(spdlog::stderr_logger_mt("recurve-executor"));
  recurve::MakeLogPrintable();
  int exit_status = 0;
  const std::optional<recurve::ExecutorDaemonOptions> options = recurve::ParseExecutorFlags(argc, argv, exit_status);
  return options ? recurve::Serve(*options) : exit_status;
}
