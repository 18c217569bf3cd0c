// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/executor_flags.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "executor/daemon/device_budgets.h"
#include "executor/daemon/owner_roots.h"
#include "executor/daemon/path_roots.h"
#include "executor/job/job_backend.h"
#include "executor/job/link_cost_cache.h"
#include "executor/store/state_directory.h"
#include "planner_service/client/target.h"
#include "planner_service/grpc_server/daemon.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

constexpr int64_t kMaxJobs = 100'000;
constexpr int kMaxThreads = 1024;
constexpr int64_t kMostRunning = 1000;
constexpr int kMostTransfers = 1000;
constexpr char kTemporaryState[] = "none";  // --state-dir

constexpr char kDescription[] =
    "Trains recurrent networks on this node, each job within its memory limit, as many at a time as fit.\n"
    "\n"
    "Clients submit jobs over gRPC to recurve.executor.v1.ExecutorService; `recurve submit`, `jobs` and `watch` are "
    "such\n"
    "clients (see recurve --help). For each job the daemon measures the costs of a link (a chunk of consecutive "
    "steps),\n"
    "requests a plan, verifies it, and trains, writing checkpoints. The metrics at /metrics show planned next to\n"
    "measured values. Jobs are kept in the state directory until a client deletes them: after a crash or a restart,\n"
    "queued jobs keep their order, and running ones continue from their last checkpoint, to the same weights. "
    "SIGTERM,\n"
    "SIGINT or SIGHUP stops the daemon: its health becomes NOT_SERVING, running jobs write a checkpoint, and the exit\n"
    "status is 0.";

constexpr char kFooter[] =
    "Units of durations are ms, s, m and h. The address [::]:PORT accepts IPv6 and IPv4, 0.0.0.0:PORT only IPv4.\n"
    "Link costs are cached in link-costs in $RECURVE_CACHE (empty: in memory only), or in recurve/ in $XDG_CACHE_HOME\n"
    "or ~/.cache.\n"
    "Without --token-file and --client-ca-file, anyone who can reach the port can run jobs, which read and write "
    "files\n"
    "as this user. So beyond this machine the daemon requires one of these, TLS, --data-root and --model-root.\n"
    "\n"
    "Examples:\n"
    "  recurve-executor\n"
    "  recurve-executor --planner 127.0.0.1:7401\n"
    "  recurve-executor --config /etc/recurve/executor.toml --check-config\n"
    "  recurve-executor --listen 0.0.0.0:7402 --tls-cert-file tls.crt --tls-key-file tls.key \\\n"
    "      --token-file tokens --data-root /srv/text --model-root /srv/models\n"
    "  recurve submit --executor 127.0.0.1:7402 --data bible.txt --length 1000 --memory 64MiB --save bible.safetensors";

void AddPlanner(CLI::App& app, ExecutorDaemonOptions& options) {
  app.add_option(
         "--planner", options.planner_target,
         "The planner service. If unset or unavailable, the embedded planner in this process makes the same plans")
      ->type_name("TARGET")
      ->check([](const std::string& text) { return std::string(CheckTarget(text).message()); }, "");
  AddDuration(app, "--planner-timeout", options.planner_timeout, "Timeout for calls to the planner service");
  app.add_option("--planner-ca-file", options.planner_tls.authorities,
                 "PEM file of the CA that signed the planner's certificate; loaded again when it changes, as the "
                 "other two files are. Unset: no TLS")
      ->type_name("FILE");
  app.add_option("--planner-cert-file", options.planner_tls.certificate,
                 "PEM file of the certificate that a planner with --client-ca-file requires")
      ->type_name("FILE");
  app.add_option("--planner-key-file", options.planner_tls.key, "PEM file of that certificate's private key")
      ->type_name("FILE");
  app.add_option("--planner-token-file", options.planner_tls.token,
                 "File whose first line is the token that a planner with --token-file requires; loaded again when it "
                 "changes. Sent only over TLS or to this machine")
      ->type_name("FILE");
}

void AddTransfers(CLI::App& app, ExecutorDaemonOptions& options) {
  app.add_option("--max-transfers", options.max_transfers,
                 "Maximum number of uploads and downloads at the same time; more are refused with RESOURCE_EXHAUSTED")
      ->type_name("N")
      ->check(CLI::Range(1, kMostTransfers))
      ->capture_default_str();
  AddParsed(app, "--max-upload", options.max_upload_bytes, FormatBytes(options.max_upload_bytes), "BYTES",
            "Maximum size of an uploaded file", ParseBytes);
}

void AddLimits(CLI::App& app, ExecutorDaemonOptions& options) {
  app.add_option("--max-queued", options.store.max_queued,
                 "Maximum number of queued jobs; more are refused with RESOURCE_EXHAUSTED")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, kMaxJobs))
      ->capture_default_str();
  app.add_option("--max-jobs", options.store.max_jobs,
                 "Maximum number of jobs in any state; more are refused with RESOURCE_EXHAUSTED until some are deleted")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, kMaxJobs))
      ->capture_default_str();
  app.add_option("--max-running", options.store.max_running, "Maximum number of jobs that run at the same time")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, kMostRunning))
      ->capture_default_str();
  app.add_option("--max-watchers", options.max_watchers,
                 "Maximum number of open WatchJob streams; more are refused with RESOURCE_EXHAUSTED")
      ->type_name("N")
      ->check(CLI::Range(1, static_cast<int>(kMaxJobs)))
      ->capture_default_str();
  app.add_option("--threads", options.threads,
                 "CPU threads, which the owners of running jobs share evenly, and so do the jobs of each owner; 0: all "
                 "that are "
                 "available to the daemon")
      ->type_name("N")
      ->check(CLI::Range(0, kMaxThreads))
      ->capture_default_str();
  app.add_option("--data-root", options.data_root,
                 "The only directory that jobs may read data from; their relative paths start there. Unset: anywhere, "
                 "or, where callers have an identity, only what the job's owner has uploaded. Required to listen "
                 "beyond this machine, as the next is")
      ->type_name("DIR");
  app.add_option("--model-root", options.model_root,
                 "The only directory that jobs may save models to; their relative paths start there, or, where callers "
                 "have an identity, in the owner's folder in it. Unset: anywhere, or models in the state directory")
      ->type_name("DIR");
}

template <typename Number>
void AddQuota(CLI::App& app, const std::string& of_all, Number& quota, int64_t most, const std::string& help) {
  app.add_option(of_all + "-per-owner", quota,
                 "Maximum number of " + help + ". 0: half of " + of_all +
                     " where callers have an identity, otherwise no further limit")
      ->type_name("N")
      ->check(CLI::Range(int64_t{0}, most))
      ->capture_default_str();
}

// "12GiB" of each device, or "50%" of its budget; 0: no limit.
absl::Status ParseRunningBytes(const std::string& text, JobQuotas& quotas) {
  double percent = 0;
  if (!absl::EndsWith(text, "%")) {
    ASSIGN_OR_RETURN(quotas.running_bytes, ParseBytes(text));
    return absl::OkStatus();
  }
  if (!absl::SimpleAtod(absl::StripSuffix(text, "%"), &percent) || !(percent > 0 && percent <= 100)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is neither bytes, such as 12GiB, nor 1% to 100%"));
  }
  quotas.running_share = percent / 100;
  return absl::OkStatus();
}

void AddQuotas(CLI::App& app, ExecutorDaemonOptions& options) {
  JobQuotas& quotas = options.store.per_owner;
  AddQuota(app, "--max-queued", quotas.queued, kMaxJobs, "queued jobs of one owner; more are refused");
  AddQuota(app, "--max-jobs", quotas.jobs, kMaxJobs, "jobs of one owner in any state; more are refused");
  AddQuota(app, "--max-running", quotas.running, kMostRunning, "running jobs of one owner; more wait");
  AddQuota(app, "--max-watchers", options.max_watchers_per_owner, kMaxJobs,
           "open WatchJob streams of one owner, or of one address where callers have no identity; more are refused");
  AddQuota(app, "--max-transfers", options.max_transfers_per_owner, kMostTransfers,
           "uploads and downloads of one owner, or of one address where callers have no identity; more are refused");
  const auto parse = [&quotas](const std::string& text) {
    const absl::Status status = ParseRunningBytes(text, quotas);
    if (!status.ok()) throw CLI::ValidationError("--max-running-bytes-per-owner", std::string(status.message()));
  };
  app.add_option_function<std::string>(
         "--max-running-bytes-per-owner", parse,
         "Memory of each device that the running jobs of one owner may use in all, such as 12GiB or 50%; further jobs "
         "wait, and others overtake them. 0: no limit")
      ->type_name("BYTES")
      ->default_str("0");
  app.add_option("--max-threads-per-owner", options.max_threads_per_owner,
                 "CPU threads of the running jobs of one owner, of which each gets at least one. 0: an even share "
                 "among the owners that have running jobs")
      ->type_name("N")
      ->check(CLI::Range(0, kMaxThreads))
      ->capture_default_str();
  AddParsed(
      app, "--max-stored-bytes-per-owner", options.max_stored_bytes_per_owner, "0", "BYTES",
      "Disk space for the uploads, checkpoints and models of one owner, where callers have an identity: larger "
      "uploads are refused, and jobs whose files might need more fail. A file counts as whole blocks of 4 KiB and "
      "one more. 0: no limit",
      ParseBytes);
}

void AddState(CLI::App& app, ExecutorDaemonOptions& options) {
  app.add_option("--state-dir", options.state_directory,
                 "Directory on a local disk for jobs, checkpoints and uploads, used by one daemon at a time; none: a "
                 "temporary one. Default: $STATE_DIRECTORY, or recurve/executor in $XDG_STATE_HOME or ~/.local/state")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--resume-jobs", options.store.resume_jobs,
                 "Whether jobs that an earlier daemon was running continue; with false they are PAUSED")
      ->type_name("true|false")
      ->default_str("true");
  AddDuration(app, "--drain-timeout", options.drain_timeout,
              "How long running jobs may take to write their checkpoints when the daemon is stopped");
  const auto add = [&options](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      const absl::StatusOr<std::pair<std::string, int64_t>> memory = ParseDeviceMemory(text);
      if (!memory.ok()) throw CLI::ValidationError("--device-memory", std::string(memory.status().message()));
      if (!options.device_memory.emplace(memory->first, memory->second).second) {
        throw CLI::ValidationError("--device-memory", "names " + memory->first + " twice");
      }
    }
  };
  app.add_option_function<std::vector<std::string>>(
         "--device-memory", add,
         "Memory of a device that jobs may use in all, such as cpu=12GiB or "
         "cuda:0=60GiB; may be repeated. Default: what is free at the start, "
         "less a reserve of a tenth or 1 GiB, whichever is smaller")
      ->type_name("DEVICE=BYTES");
}

absl::Status CheckStateGiven(const ExecutorDaemonOptions& options) {
  if (!options.state_directory.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("--state-dir is empty; give a directory, or none for a temporary one");
}

// What ExecutorDaemon::Start would refuse, before anything is created.
absl::Status CheckOwnerRoots(const ExecutorDaemonOptions& options) {
  const bool temporary = options.state_directory == kTemporaryState;
  return OwnerRoots::Check(
      {.data_root = options.data_root,
       .model_root = options.model_root,
       .apart = !options.server.access.token_file.empty() || !options.server.tls.authorities.empty(),
       .state = temporary ? StateDirectory::TemporaryParent() + "/" + kTemporaryState : options.state_directory});
}

std::vector<SettingCheck> Checks(const ExecutorDaemonOptions& options) {
  std::vector<SettingCheck> checks = ServerChecks(options.server);
  checks.push_back({"--state-dir", [&options] {
                      RETURN_IF_ERROR(CheckStateGiven(options));
                      if (options.state_directory == kTemporaryState) return absl::OkStatus();
                      return StateDirectory::Check(options.state_directory);
                    }});
  checks.push_back({"--planner-ca-file", [&options] {
                      TlsFiles files = options.planner_tls;
                      files.token.clear();
                      return ReadTlsFiles(files, TlsRole::kClient).status();
                    }});
  checks.push_back({"--planner-token-file", [&options] {
                      ASSIGN_OR_RETURN(TlsCredentials credentials,
                                       ReadTlsFiles({.token = options.planner_tls.token}, TlsRole::kClient));
                      credentials.authorities = options.planner_tls.authorities;  // only whether there are any matters
                      return CheckTokenTarget(options.planner_target, credentials);
                    }});
  checks.push_back({"--data-root", [&options] {
                      RETURN_IF_ERROR(CheckRootsGiven(options));
                      return PathRoots::Resolve(options.data_root, "").status();
                    }});
  checks.push_back({"--model-root", [&options] {
                      RETURN_IF_ERROR(PathRoots::Resolve("", options.model_root).status());
                      return CheckOwnerRoots(options);
                    }});
  checks.push_back(
      {"--device-memory", [&options] { return MakeBudgets(ListDevices(), options.device_memory).status(); }});
  return checks;
}

}  // namespace

std::optional<ExecutorDaemonOptions> ParseExecutorFlags(int argc, char** argv, int& exit_status) {
  ExecutorDaemonOptions options;
  options.server.listen = "127.0.0.1:7402";
  options.server.metrics_listen = "127.0.0.1:9402";
  options.server.access.max_requests_per_second = 1000;
  options.version = RECURVE_VERSION;
  options.state_directory = DefaultStateDirectory();
  options.watch_for_crashes = true;
  options.cost_cache_path = LinkCostCachePath();
  CLI::App app(kDescription, "recurve-executor");
  app.footer(kFooter);
  AddServerFlags(app, options.version, options.server);
  AddPlanner(app, options);
  AddState(app, options);
  AddLimits(app, options);
  AddTransfers(app, options);
  AddQuotas(app, options);
  if (!ParseCommandLine(app, argc, argv, Checks(options), exit_status)) return std::nullopt;
  for (const absl::Status& status : {CheckStateGiven(options), CheckOwnerRoots(options)}) {
    if (status.ok()) continue;
    std::cerr << "recurve-executor: " << status.message() << "\n";
    exit_status = 2;
    return std::nullopt;
  }
  if (options.state_directory == kTemporaryState) options.state_directory.clear();
  return options;
}

}  // namespace recurve
