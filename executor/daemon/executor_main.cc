// SPDX-License-Identifier: Apache-2.0
//
// recurve-executor: the daemon that trains on a node.
#include <spdlog/spdlog.h>

#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "executor/daemon/executor_daemon.h"
#include "executor/daemon/executor_flags.h"
#include "planner_service/grpc_server/daemon_log.h"
#include "planner_service/grpc_server/server.h"
#include "planner_service/process/failures.h"
#include "planner_service/text/printable.h"

namespace recurve {
namespace {

void LogStart(const ExecutorDaemonOptions& options, const Server& server) {
  spdlog::info("recurve-executor {} serves gRPC on {}, metrics {}; plans by {}, no TLS", options.version,
               server.address(), server.metrics_address(),
               options.planner_target.empty() ? "the embedded planner" : options.planner_target);
}

int Fail(const absl::Status& status) {
  std::cerr << "recurve-executor: " << Printable(std::string(status.message())) << "\n";
  return 1;
}

int Serve(const ExecutorDaemonOptions& options) {
  const absl::StatusOr<std::unique_ptr<ExecutorDaemon>> daemon = ExecutorDaemon::Start(options);
  if (!daemon.ok()) return Fail(daemon.status());
  LogStart(options, (*daemon)->server());
  const absl::StatusOr<int> signal = WaitForTermination((*daemon)->server());
  spdlog::info("{}: cancelling the job under way, draining",
               signal.ok() ? absl::StrCat("signal ", *signal) : std::string(signal.status().message()));
  (*daemon)->ShutDown();
  return signal.ok() ? 0 : 1;
}

}  // namespace
}  // namespace recurve

int main(int argc, char** argv) try {
  recurve::QuietGrpcLog();
  recurve::TakeSignals();
  recurve::StartDaemonLog("recurve-executor");
  int exit_status = 0;
  const std::optional<recurve::ExecutorDaemonOptions> options = recurve::ParseExecutorFlags(argc, argv, exit_status);
  return options ? recurve::Serve(*options) : exit_status;
} catch (...) {
  return recurve::Fail(recurve::StatusOfException("the executor"));
}
