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
    "Trains recurrent networks on this node, one job at a time, each within its memory limit.\n"
    "\n"
    "Clients submit jobs over gRPC to recurve.executor.v1.ExecutorService; `recurve submit`, `jobs`, `watch` and\n"
    "`cancel` are such clients. For each job the daemon measures the costs of a link (a chunk of consecutive steps),\n"
    "requests a plan, verifies it, and trains. The metrics at /metrics show planned next to measured values. Job\n"
    "history is in memory and lost on restart; model files stay. SIGTERM, SIGINT or SIGHUP stops the daemon: its\n"
    "health becomes NOT_SERVING, the running job stops and saves its model, and the exit status is 0.";

constexpr char kFooter[] =
    "Units of durations are ms, s, m and h. The address [::]:PORT accepts IPv6 and IPv4, 0.0.0.0:PORT only IPv4.\n"
    "Link costs are cached in link-costs in $RECURVE_CACHE (empty: in memory only), or in recurve/ in $XDG_CACHE_HOME\n"
    "or ~/.cache.\n"
    "There is no TLS and no authentication yet: anyone who can reach the port can run jobs, which read and write\n"
    "files as this user. Listen on loopback, or on a trusted network with --data-root and --model-root.\n"
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
         "The planner service. If unset or unavailable, the embedded planner in this process makes the same plans")
      ->type_name("TARGET")
      ->check([](const std::string& text) { return std::string(CheckTarget(text).message()); }, "");
  AddDuration(app, "--planner-timeout", options.planner_timeout, "Timeout for calls to the planner service");
}

void AddLimits(CLI::App& app, ExecutorDaemonOptions& options) {
  app.add_option("--max-queued", options.store.max_queued,
                 "Maximum number of queued jobs; more are refused with RESOURCE_EXHAUSTED")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, kMaxJobs))
      ->capture_default_str();
  app.add_option("--keep-jobs", options.store.keep_jobs,
                 "Maximum number of ended jobs to remember; the oldest are forgotten first")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, kMaxJobs))
      ->capture_default_str();
  app.add_option("--max-watchers", options.max_watchers,
                 "Maximum number of open WatchJob streams; more are refused with RESOURCE_EXHAUSTED")
      ->type_name("N")
      ->check(CLI::Range(1, static_cast<int>(kMaxJobs)))
      ->capture_default_str();
  app.add_option("--threads", options.threads,
                 "Maximum and default number of CPU threads of a job; 0: all that are available to the daemon")
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
