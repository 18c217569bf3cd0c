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
  JobStoreOptions store;  // on_state_count is replaced by the metrics
  std::string planner_target;
  std::chrono::milliseconds planner_timeout{10'000};
  int threads = 0;              // see RunnerOptions
  std::string cost_cache_path;  // see LinkCostCache; empty: in memory only
  std::string data_root;
  std::string model_root;
  int max_watchers = 256;
  std::string version;
};

// The complete daemon: store, runner, service, server and metrics. Thread-safe.
//
//   auto daemon = ExecutorDaemon::Start({.server = {.listen = "127.0.0.1:7402"}});
//   ...
//   (*daemon)->ShutDown();
class ExecutorDaemon {
 public:
  // Errors: INVALID_ARGUMENT for an invalid address or root; UNAVAILABLE if a port is in use; RESOURCE_EXHAUSTED if the
  // system cannot start a thread.
  static absl::StatusOr<std::unique_ptr<ExecutorDaemon>> Start(const ExecutorDaemonOptions& options);
  ~ExecutorDaemon() { ShutDown(); }
  ExecutorDaemon(const ExecutorDaemon&) = delete;
  ExecutorDaemon& operator=(const ExecutorDaemon&) = delete;

  int port() const { return server_->port(); }
  int metrics_port() const { return server_->metrics_port(); }
  const Server& server() const { return *server_; }

  // Refuses new jobs, cancels queued ones, stops the running job after its current step, lets watchers read its final
  // events, and drains the server. Returns when all of that is done. May be called again.
  void ShutDown();

 private:
  ExecutorDaemon(const ExecutorDaemonOptions& options, PathRoots roots);

  const std::shared_ptr<prometheus::Registry> registry_;
  ExecutorMetrics metrics_;
  JobStore store_;
  ExecutorService service_;
  std::unique_ptr<Server> server_;
  const RunnerOptions runner_options_;
  std::unique_ptr<Runner> runner_;  // started once the server listens
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_EXECUTOR_DAEMON_H_
