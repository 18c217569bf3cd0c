// SPDX-License-Identifier: Apache-2.0
//
// recurve-executor: the training daemon of a node.
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "executor/daemon/executor_daemon.h"
#include "executor/daemon/executor_flags.h"
#include "planner_service/grpc_server/daemon.h"
#include "planner_service/process/heap.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

absl::StatusOr<int> Serve(const ExecutorDaemonOptions& options) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ExecutorDaemon> daemon, ExecutorDaemon::Start(options));
  LogServing("recurve-executor " + options.version, daemon->server(),
             absl::StrCat("jobs in ", daemon->state_directory(), ", plans by ",
                          options.planner_target.empty() ? "the embedded planner" : options.planner_target));
  const std::chrono::milliseconds drain_limit = options.drain_timeout + options.server.drain_time;
  return ServeUntilSignal(daemon->server(), "writing checkpoints of the running jobs, draining", drain_limit, [&] {
    if (daemon->ShutDown()) return;
    spdlog::warn("not all jobs stopped within --drain-timeout; they continue from earlier checkpoints");
    spdlog::shutdown();
    std::_Exit(0);  // the threads of these jobs cannot be joined
  });
}

}  // namespace
}  // namespace recurve

int main(int argc, char** argv) {
  recurve::GiveLargeBlocksTheirOwnPages();
  return recurve::RunDaemon("executor", [&]() -> absl::StatusOr<int> {
    int exit_status = 0;
    const std::optional<recurve::ExecutorDaemonOptions> options = recurve::ParseExecutorFlags(argc, argv, exit_status);
    if (!options) return exit_status;
    return recurve::Serve(*options);
  });
}
