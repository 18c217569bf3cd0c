// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/executor_daemon.h"

#include <utility>

#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

JobStoreOptions Counted(JobStoreOptions options, ExecutorMetrics& metrics) {
  options.on_state_count = [&metrics](executor::v1::JobState state, int delta) { metrics.AddJobs(state, delta); };
  return options;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ExecutorDaemon>> ExecutorDaemon::Start(const ExecutorDaemonOptions& options) {
  ASSIGN_OR_RETURN(PathRoots roots, PathRoots::Resolve(options.data_root, options.model_root));
  std::unique_ptr<ExecutorDaemon> daemon(new ExecutorDaemon(options, std::move(roots)));
  ASSIGN_OR_RETURN(daemon->server_, Server::Start(options.server, {&daemon->service_}, daemon->registry_));
  ASSIGN_OR_RETURN(daemon->runner_, Runner::Start(daemon->runner_options_, daemon->store_, daemon->metrics_));
  return daemon;
}

ExecutorDaemon::ExecutorDaemon(const ExecutorDaemonOptions& options, PathRoots roots)
    : registry_(std::make_shared<prometheus::Registry>()),
      metrics_(*registry_, options.version),
      store_(Counted(options.store, metrics_)),
      service_(store_, metrics_, options.max_watchers),
      runner_options_{.planner_target = options.planner_target,
                      .planner_timeout = options.planner_timeout,
                      .cost_cache_path = options.cost_cache_path,
                      .threads = options.threads,
                      .roots = std::move(roots)} {}

void ExecutorDaemon::ShutDown() {
  store_.ShutDown();
  if (server_ != nullptr) server_->Drain();
  if (runner_ != nullptr) runner_->Join();
}

}  // namespace recurve
