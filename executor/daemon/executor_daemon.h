// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_EXECUTOR_DAEMON_H_
#define RECURVE_EXECUTOR_DAEMON_EXECUTOR_DAEMON_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "executor/daemon/executor_metrics.h"
#include "executor/daemon/executor_service.h"
#include "executor/daemon/job_store.h"
#include "executor/daemon/runner.h"
#include "planner_service/grpc_server/server.h"

namespace recurve {

struct ExecutorDaemonOptions {
  ServerOptions server;
  JobStoreOptions store;  // on_state_count is taken by the metrics
  std::string planner_target;
  std::chrono::milliseconds planner_timeout{10'000};
  int threads = 0;              // see RunnerOptions
  std::string cost_cache_path;  // see LinkCostCache; empty: costs are kept in memory only
  std::string data_root;
  std::string model_root;
  int max_watchers = 256;
  std::string version;
};

// The whole daemon: store, runner, service, server and metrics put together. Thread-safe.
//
//   auto daemon = ExecutorDaemon::Start({.server = {.listen = "127.0.0.1:7402"}});
//   ...
//   (*daemon)->ShutDown();
class ExecutorDaemon {
 public:
  // INVALID_ARGUMENT for an address or a root that cannot be; UNAVAILABLE when a port is taken; RESOURCE_EXHAUSTED when
  // the system gives no thread.
  static absl::StatusOr<std::unique_ptr<ExecutorDaemon>> Start(const ExecutorDaemonOptions& options);
  ~ExecutorDaemon() { ShutDown(); }
  ExecutorDaemon(const ExecutorDaemon&) = delete;
  ExecutorDaemon& operator=(const ExecutorDaemon&) = delete;

  int port() const { return server_->port(); }
  int metrics_port() const { return server_->metrics_port(); }
  const Server& server() const { return *server_; }

  // Refuses new jobs, cancels the queued ones, ends the job under way after the step that it is in, lets the watchers
  // read how that ended, and drains the server. Returns when all of that is done; may be called again.
  void ShutDown();

 private:
  ExecutorDaemon(const ExecutorDaemonOptions& options, PathRoots roots);

  const std::shared_ptr<prometheus::Registry> registry_;
  ExecutorMetrics metrics_;
  JobStore store_;
  ExecutorService service_;
  std::unique_ptr<Server> server_;
  const RunnerOptions runner_options_;
  std::unique_ptr<Runner> runner_;  // from when the server listens
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_EXECUTOR_DAEMON_H_
