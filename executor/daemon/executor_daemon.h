// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_EXECUTOR_DAEMON_H_
#define RECURVE_EXECUTOR_DAEMON_EXECUTOR_DAEMON_H_

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "executor/daemon/executor_metrics.h"
#include "executor/daemon/executor_service.h"
#include "executor/daemon/job_store.h"
#include "executor/daemon/owner_roots.h"
#include "executor/daemon/owner_storage.h"
#include "executor/daemon/runner.h"
#include "executor/store/state_directory.h"
#include "planner_service/access/access.h"
#include "planner_service/grpc_server/reloaded_tls.h"
#include "planner_service/grpc_server/server.h"

namespace recurve {

struct ExecutorDaemonOptions {
  ServerOptions server;
  std::string state_directory;  // see StateDirectory; empty: a temporary one
  // The devices, the directory, the crash report and the callbacks are replaced.
  JobStoreOptions store;
  std::map<std::string, int64_t> device_memory;     // bytes by device; see MakeBudgets
  std::chrono::milliseconds drain_timeout{30'000};  // for running jobs to write their checkpoints
  bool watch_for_crashes = false;                   // installs signal handlers; only for a process that is a daemon
  std::string planner_target;
  std::chrono::milliseconds planner_timeout{10'000};
  TlsFiles planner_tls;         // for calls to the planner service; empty: plaintext
  int threads = 0;              // see RunnerOptions
  std::string cost_cache_path;  // see LinkCostCache; empty: in memory only
  std::string data_root;
  std::string model_root;
  int max_watchers = 256;
  int max_transfers = 16;  // streams of uploads and downloads
  // Of one owner, or of one client if callers are anonymous. Where 0, and in the same fields of store.per_owner: half
  // of the limit for all if callers have an identity, otherwise as many as all.
  int max_watchers_per_owner = 0;
  int max_transfers_per_owner = 0;
  int max_threads_per_owner = 0;                // 0: no limit
  int64_t max_stored_bytes_per_owner = 0;       // uploads, checkpoints and models; 0: no limit
  int64_t max_upload_bytes = int64_t{1} << 40;  // of a file
  std::string version;
};

// FAILED_PRECONDITION if clients on other machines can reach the daemon although it has no data root or no model root,
// so that their jobs could read and write any file that it can. INVALID_ARGUMENT if its address is none.
absl::Status CheckRootsGiven(const ExecutorDaemonOptions& options);

// The complete daemon: state directory, store, runner, service, server and metrics. Thread-safe.
//
//   auto daemon = ExecutorDaemon::Start({.server = {.listen = "127.0.0.1:7402"}});
//   ...
//   (*daemon)->ShutDown();
class ExecutorDaemon {
 public:
  // Errors: those of CheckRootsGiven; INVALID_ARGUMENT for an invalid address, root or device memory; UNAVAILABLE if a
  // port is in use; RESOURCE_EXHAUSTED if the system cannot start a thread; those of ReadTlsFiles, StateDirectory and
  // JobDatabase.
  static absl::StatusOr<std::unique_ptr<ExecutorDaemon>> Start(const ExecutorDaemonOptions& options);
  ~ExecutorDaemon();
  ExecutorDaemon(const ExecutorDaemon&) = delete;
  ExecutorDaemon& operator=(const ExecutorDaemon&) = delete;

  int port() const { return server_->port(); }
  int metrics_port() const { return server_->metrics_port(); }
  const Server& server() const { return *server_; }
  const std::string& state_directory() const { return state_->path(); }

  // Refuses new jobs, lets running jobs write a checkpoint and stop, lets watchers read their final events, and drains
  // the server. Returns whether the running jobs stopped within the drain timeout; those that did not continue from an
  // earlier checkpoint when the daemon is started again. The destructor waits for them. May be called again.
  bool ShutDown();

 private:
  ExecutorDaemon(ExecutorDaemonOptions options, std::unique_ptr<StateDirectory> state, std::unique_ptr<Access> access);
  absl::Status OpenStore();
  absl::Status OpenTransfers();
  RunnerOptions MakeRunnerOptions();

  const ExecutorDaemonOptions options_;
  const std::unique_ptr<StateDirectory> state_;
  const std::unique_ptr<Access> access_;
  const std::shared_ptr<prometheus::Registry> registry_;
  ExecutorMetrics metrics_;
  std::unique_ptr<ReloadedTls> planner_tls_;  // null: plaintext
  std::unique_ptr<JobStore> store_;
  std::optional<OwnerRoots> roots_;
  std::optional<OwnerStorage> storage_;
  std::unique_ptr<TransferService> transfers_;
  std::unique_ptr<ExecutorService> service_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Runner> runner_;  // started once the server listens
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_EXECUTOR_DAEMON_H_
