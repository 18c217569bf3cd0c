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
      ", the directory that they are confined to (/ for all, if callers have no identity)"));
}

namespace {

// Half of what all owners together may have, so that none can keep the others out.
template <typename Number>
void SetDefault(Number& quota, Number of_all) {
  if (quota == 0) quota = (of_all + 1) / 2;
}

// The quotas that are not given, where callers have an identity.
ExecutorDaemonOptions WithQuotas(ExecutorDaemonOptions options) {
  JobQuotas& quotas = options.store.per_owner;
  SetDefault(quotas.queued, options.store.max_queued);
  SetDefault(quotas.jobs, options.store.max_jobs);
  SetDefault(quotas.running, options.store.max_running);
  SetDefault(options.max_watchers_per_owner, options.max_watchers);
  SetDefault(options.max_transfers_per_owner, options.max_transfers);
  return options;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ExecutorDaemon>> ExecutorDaemon::Start(const ExecutorDaemonOptions& options) {
  RETURN_IF_ERROR(CheckRootsGiven(options));
  RETURN_IF_ERROR(PathRoots::Resolve(options.data_root, options.model_root).status());
  ASSIGN_OR_RETURN(std::unique_ptr<StateDirectory> state, StateDirectory::Open(options.state_directory));
  ASSIGN_OR_RETURN(std::unique_ptr<Access> access, OpenAccess(options.server));
  ExecutorDaemonOptions completed = access->asks_for_identity() ? WithQuotas(options) : options;
  std::unique_ptr<ExecutorDaemon> daemon(new ExecutorDaemon(std::move(completed), std::move(state), std::move(access)));
  if (!options.planner_tls.empty()) {
    ASSIGN_OR_RETURN(daemon->planner_tls_, ReloadedTls::Open(options.planner_tls, TlsRole::kClient));
    RETURN_IF_ERROR(CheckTokenTarget(options.planner_target, *daemon->planner_tls_->current()));
  }
  RETURN_IF_ERROR(daemon->OpenStore());
  RETURN_IF_ERROR(daemon->OpenTransfers());
  ExecutorMetrics& counts = daemon->metrics_;
  daemon->service_ = std::make_unique<ExecutorService>(
      *daemon->store_, *daemon->transfers_, counts, *daemon->roots_, *daemon->access_,
      OpenStreamsOptions{.name = "WatchJob streams",
                         .flag = "--max-watchers",
                         .most = options.max_watchers,
                         .most_of_one = daemon->options_.max_watchers_per_owner,
                         .on_quota_refusal = [&counts] { counts.CountQuotaRefusal("watchers"); }});
  auto metrics = std::make_shared<StateDiskMetrics>(daemon->registry_, daemon->state_->path());
  ASSIGN_OR_RETURN(daemon->server_,
                   Server::Start(options.server, {daemon->service_.get()}, std::move(metrics), daemon->access_.get()));
  daemon->state_->SayAddress(daemon->server_->address());
  ASSIGN_OR_RETURN(daemon->runner_, Runner::Start(daemon->MakeRunnerOptions(), *daemon->store_, daemon->metrics_));
  return daemon;
}

RunnerOptions ExecutorDaemon::MakeRunnerOptions() {
  return {.planner_target = options_.planner_target,
          .planner_timeout = options_.planner_timeout,
          .planner_tls = planner_tls_.get(),
          .cost_cache_path = options_.cost_cache_path,
          .threads = options_.threads,
          .threads_per_owner = options_.max_threads_per_owner,
          .roots = &*roots_,
          .check_storage = [this](const TakenJob& job, const JobSpec& spec, const JobPlan& plan) {
            return storage_->CheckJob(job, spec, plan, transfers_->uploads());
          }};
}

// Where callers have an identity, losses are shown to owners only, and the endpoint of the metrics knows no owners.
ExecutorDaemon::ExecutorDaemon(ExecutorDaemonOptions options, std::unique_ptr<StateDirectory> state,
                               std::unique_ptr<Access> access)
    : options_(std::move(options)),
      state_(std::move(state)),
      access_(std::move(access)),
      registry_(std::make_shared<prometheus::Registry>()),
      metrics_(*registry_, options_.version,
               access_->asks_for_identity() ? ExecutorMetrics::Losses::kHidden : ExecutorMetrics::Losses::kShown) {}

absl::Status ExecutorDaemon::OpenStore() {
  JobStoreOptions options = options_.store;
  ASSIGN_OR_RETURN(options.devices, MakeBudgets(ListDevices(), options_.device_memory));
  options.jobs_directory = state_->jobs();
  options.on_state_count = [this](executor::v1::JobState state, int delta) { metrics_.AddJobs(state, delta); };
  options.on_end = [this](executor::v1::JobState state) { metrics_.CountEnd(state); };
  options.on_quota_refusal = [this](const char* quota) { metrics_.CountQuotaRefusal(quota); };
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
                       const absl::Status& status) { metrics_.CountRequest(method, status.code()); },
      .on_quota_refusal = [this] { metrics_.CountQuotaRefusal("transfers"); }};
  const auto count_stored = [this] { metrics_.CountQuotaRefusal("stored_bytes"); };
  OwnedUploadsOptions uploads{.store = {.directory = state_->uploads(),
                                        .max_upload_bytes = options_.max_upload_bytes,
                                        .remedy = " (--max-stored-bytes-per-owner); delete jobs with their files",
                                        .on_quota_refusal = count_stored},
                              .max_bytes_per_owner = options_.max_stored_bytes_per_owner,
                              .other_bytes = [this](const std::string& owner) { return storage_->JobBytes(owner); }};
  ASSIGN_OR_RETURN(transfers_, TransferService::Create({.uploads = std::move(uploads),
                                                        .max_transfers = options_.max_transfers,
                                                        .max_transfers_per_client = options_.max_transfers_per_owner},
                                                       observer));
  ASSIGN_OR_RETURN(roots_, OwnerRoots::Resolve({.data_root = options_.data_root,
                                                .model_root = options_.model_root,
                                                .uploads = state_->uploads(),
                                                .apart = access_->asks_for_identity(),
                                                .state = state_->path()}));
  storage_.emplace(
      OwnerStorageOptions{.quota_bytes = options_.max_stored_bytes_per_owner, .on_quota_refusal = count_stored},
      *store_, *roots_);
  return absl::OkStatus();
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
