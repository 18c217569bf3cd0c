// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/executor_daemon.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/daemon/device_budgets.h"
#include "executor/daemon/state_disk_metrics.h"
#include "executor/store/job_database.h"
#include "planner_service/client/target.h"
#include "planner_service/grpc_server/address.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

absl::Status CheckRootsGiven(const ExecutorDaemonOptions& options) {
  ASSIGN_OR_RETURN(const Address address, ParseAddress(options.server.listen));
  if (IsLoopback(address) || (!options.data_root.empty() && !options.model_root.empty())) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "--listen ", options.server.listen, " is an address beyond this machine, and jobs of clients there could ",
      options.data_root.empty() ? "read any file that this user may read; give --data-root"
                                : "write any file that this user may write; give --model-root",
      ", the directory that they are confined to (/ for all)"));
}

absl::StatusOr<std::unique_ptr<ExecutorDaemon>> ExecutorDaemon::Start(const ExecutorDaemonOptions& options) {
  RETURN_IF_ERROR(CheckRootsGiven(options));
  ASSIGN_OR_RETURN(PathRoots roots, PathRoots::Resolve(options.data_root, options.model_root));
  ASSIGN_OR_RETURN(std::unique_ptr<StateDirectory> state, StateDirectory::Open(options.state_directory));
  std::unique_ptr<ExecutorDaemon> daemon(new ExecutorDaemon(options, std::move(state), std::move(roots)));
  if (!options.planner_tls.empty()) {
    ASSIGN_OR_RETURN(daemon->planner_tls_, ReloadedTls::Open(options.planner_tls, TlsRole::kClient));
    RETURN_IF_ERROR(CheckTokenTarget(options.planner_target, *daemon->planner_tls_->current()));
  }
  ASSIGN_OR_RETURN(daemon->access_, OpenAccess(options.server));
  RETURN_IF_ERROR(daemon->OpenStore());
  RETURN_IF_ERROR(daemon->OpenTransfers());
  daemon->service_ = std::make_unique<ExecutorService>(*daemon->store_, *daemon->transfers_, daemon->metrics_,
                                                       daemon->roots_, *daemon->access_, options.max_watchers);
  auto metrics = std::make_shared<StateDiskMetrics>(daemon->registry_, daemon->state_->path());
  ASSIGN_OR_RETURN(daemon->server_,
                   Server::Start(options.server, {daemon->service_.get()}, std::move(metrics), daemon->access_.get()));
  daemon->state_->SayAddress(daemon->server_->address());
  ASSIGN_OR_RETURN(daemon->runner_, Runner::Start({.planner_target = options.planner_target,
                                                   .planner_timeout = options.planner_timeout,
                                                   .planner_tls = daemon->planner_tls_.get(),
                                                   .cost_cache_path = options.cost_cache_path,
                                                   .threads = options.threads,
                                                   .roots = daemon->roots_},
                                                  *daemon->store_, daemon->metrics_));
  return daemon;
}

ExecutorDaemon::ExecutorDaemon(const ExecutorDaemonOptions& options, std::unique_ptr<StateDirectory> state,
                               PathRoots roots)
    : options_(options),
      state_(std::move(state)),
      registry_(std::make_shared<prometheus::Registry>()),
      metrics_(*registry_, options.version),
      roots_(std::move(roots)) {}

absl::Status ExecutorDaemon::OpenStore() {
  JobStoreOptions options = options_.store;
  ASSIGN_OR_RETURN(options.devices, MakeBudgets(ListDevices(), options_.device_memory));
  options.jobs_directory = state_->jobs();
  options.on_state_count = [this](executor::v1::JobState state, int delta) { metrics_.AddJobs(state, delta); };
  options.on_end = [this](executor::v1::JobState state) { metrics_.CountEnd(state); };
  options.on_promise = [this](const DeviceBudget& device, int64_t promised) { metrics_.SetDevice(device, promised); };
  ASSIGN_OR_RETURN(std::unique_ptr<JobDatabase> database, JobDatabase::Open(state_->database()));
  if (options_.watch_for_crashes) options.crash = ReadCrashReport(state_->crashes());
  ASSIGN_OR_RETURN(store_, JobStore::Open(std::move(options), std::move(database)));
  // Only now, when the counts of crashes are on disk, may the report be replaced.
  if (options_.watch_for_crashes) RETURN_IF_ERROR(WatchForCrashes(state_->crashes()));
  return absl::OkStatus();
}

absl::Status ExecutorDaemon::OpenTransfers() {
  const TransferObserver observer{
      .on_open = [this](int delta) { metrics_.AddTransfers(delta); },
      .on_end = [this](const char* method,
                       const absl::Status& status) { metrics_.CountRequest(method, status.code()); }};
  ASSIGN_OR_RETURN(transfers_, TransferService::Create({.uploads = {.directory = state_->uploads(),
                                                                    .max_upload_bytes = options_.max_upload_bytes},
                                                        .max_transfers = options_.max_transfers},
                                                       observer));
  return roots_.AllowData(transfers_->uploads().data_directory());
}

ExecutorDaemon::~ExecutorDaemon() {
  if (store_ != nullptr) ShutDown();
}

bool ExecutorDaemon::ShutDown() {
  store_->ShutDown();
  const bool stopped = runner_ == nullptr || runner_->WaitForJobs(options_.drain_timeout);
  if (server_ != nullptr) server_->Drain();
  if (stopped && options_.watch_for_crashes) StopWatchingForCrashes(state_->crashes());
  return stopped;
}

}  // namespace recurve
