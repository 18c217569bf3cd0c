// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/executor_flags.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "executor/job/link_cost_cache.h"
#include "planner_service/client/target.h"
#include "planner_service/grpc_server/daemon.h"

namespace recurve {
namespace {

constexpr int64_t kMaxJobs = 100'000;
constexpr int kMaxThreads = 1024;

constexpr char kDescription[] =
    "Trains recurrent networks on this node, one job at a time, each inside the memory that it was given.\n"
    "\n"
    "Jobs come over gRPC, to recurve.executor.v1.ExecutorService; `recurve submit`, `jobs`, `watch` and `cancel` "
    "speak\n"
    "it. For each job the daemon measures what a link of the network costs, gets a plan, checks it, and trains; what\n"
    "was promised and what was measured stand side by side in its metrics, at /metrics. Jobs are kept in memory and\n"
    "are forgotten when the daemon ends; model files stay. SIGTERM, SIGINT or SIGHUP ends it: health turns "
    "NOT_SERVING, the\n"
    "job under way stops and saves what it has trained, then it exits with status 0.";

constexpr char kFooter[] =
    "Durations take ms, s, m, h. The address [::]:PORT takes connections over IPv6 and IPv4, 0.0.0.0:PORT over "
    "IPv4.\n"
    "Link costs are kept in link-costs in $RECURVE_CACHE (empty: in memory only), or in recurve/ in $XDG_CACHE_HOME "
    "or\n"
    "~/.cache.\n"
    "There is no TLS and no authentication yet: whoever reaches the port may run jobs, which read and write files as\n"
    "this user. Listen on loopback, or on a network that you trust with --data-root and --model-root.\n"
    "\n"
    "Examples:\n"
    "  recurve-executor\n"
    "  recurve-executor --planner 127.0.0.1:7401\n"
    "  recurve-executor --listen 0.0.0.0:7402 --planner dns:///planner.internal:7401 \\\n"
    "      --data-root /srv/text --model-root /srv/models\n"
    "  recurve submit --executor 127.0.0.1:7402 --data bible.txt --length 1000 --memory 64MiB --save bible.safetensors";

void AddPlanner(CLI::App& app, ExecutorDaemonOptions& options) {
  app.add_option(
         "--planner", options.planner_target,
         "The planner service. Unset, or while it gives no answer: the planner in this process, which makes the "
         "same plans")
      ->type_name("TARGET")
      ->check([](const std::string& text) { return std::string(CheckTarget(text).message()); }, "");
  AddDuration(app, "--planner-timeout", options.planner_timeout, "Time that the planner service gets for an answer");
}

void AddLimits(CLI::App& app, ExecutorDaemonOptions& options) {
  app.add_option("--max-queued", options.store.max_queued,
                 "Jobs that may wait; more are refused with RESOURCE_EXHAUSTED")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, kMaxJobs))
      ->capture_default_str();
  app.add_option("--keep-jobs", options.store.keep_jobs,
                 "Ended jobs that are remembered; the one that ended first is forgotten first")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, kMaxJobs))
      ->capture_default_str();
  app.add_option("--max-watchers", options.max_watchers,
                 "WatchJob streams that may be open; more are refused with RESOURCE_EXHAUSTED")
      ->type_name("N")
      ->check(CLI::Range(1, static_cast<int>(kMaxJobs)))
      ->capture_default_str();
  app.add_option("--threads", options.threads,
                 "Most CPU threads of a job, and those of a job that does not say; 0: all that the daemon was granted")
      ->type_name("N")
      ->check(CLI::Range(0, kMaxThreads))
      ->capture_default_str();
  app.add_option("--data-root", options.data_root,
                 "The only directory that jobs may read data from; their relative paths start there. Unset: anywhere")
      ->type_name("DIR");
  app.add_option("--model-root", options.model_root,
                 "The only directory that jobs may save models to; their relative paths start there. Unset: anywhere")
      ->type_name("DIR");
}

}  // namespace

std::optional<ExecutorDaemonOptions> ParseExecutorFlags(int argc, char** argv, int& exit_status) {
  ExecutorDaemonOptions options;
  options.server.listen = "127.0.0.1:7402";
  options.server.metrics_listen = "127.0.0.1:9402";
  options.version = RECURVE_VERSION;
  options.cost_cache_path = LinkCostCachePath();
  CLI::App app(kDescription, "recurve-executor");
  app.footer(kFooter);
  AddServerFlags(app, options.version, options.server);
  AddPlanner(app, options);
  AddLimits(app, options);
  if (!ParseCommandLine(app, argc, argv, exit_status)) return std::nullopt;
  return options;
}

}  // namespace recurve
