// SPDX-License-Identifier: Apache-2.0
//
// recurve-executor: the daemon that trains on a node.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "executor/daemon/executor_daemon.h"
#include "planner_service/serving/server.h"

namespace {

constexpr int kUsageError = 2;

constexpr char kDescription[] =
    R"(Trains recurrent networks on this node, one job at a time, each inside the memory that it was given.

Jobs come over gRPC (recurve.executor.v1); `recurve submit`, `jobs`, `watch` and `cancel` speak it. For each job
the daemon measures what a link of the network costs, gets a plan, checks it, and trains; what it promised and what
it measured stand side by side in its Prometheus metrics. Jobs are kept in memory and forgotten when the daemon
ends; model files stay.)";

constexpr char kFooter[] =
    R"(examples:
  # Plans in this process; gRPC on 127.0.0.1:7402, metrics on http://127.0.0.1:9402/metrics
  recurve-executor

  # Takes plans from the planner service, and jobs from other machines below two directories only
  recurve-executor --listen 0.0.0.0:7402 --planner planner.internal:7401 --data-root /srv/text --model-root /srv/models

There is no encryption and no login: listen beyond 127.0.0.1 only in a network that you trust, and with both roots.
SIGTERM ends the daemon: the job under way stops after its step, its last checkpoint stays. Exit status: 0 after
SIGTERM or SIGINT, 1 when it could not start, 2 for a wrong option.)";

struct Flags {
  recurve::ExecutorDaemonOptions daemon;
  double planner_timeout_seconds = 10;
  double drain_seconds = 10;
};

void AddFlags(CLI::App& app, Flags& flags) {
  recurve::ExecutorDaemonOptions& daemon = flags.daemon;
  app.add_option("--listen", daemon.server.listen, "gRPC address; port 0: any free one, which is logged")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  app.add_option("--metrics-listen", daemon.server.metrics_listen,
                 "Address of the Prometheus endpoint /metrics; empty: none")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  app.add_option("--planner", daemon.planner_target,
                 "The planner service; dns:///NAME:PORT spreads over its replicas. Unset, or while it gives no answer: "
                 "the planner in this process, which gives the same plans")
      ->type_name("HOST:PORT");
  app.add_option("--planner-timeout", flags.planner_timeout_seconds, "Time that the planner service gets, in seconds")
      ->check(CLI::Range(0.001, 3600.0))
      ->capture_default_str();
  app.add_option("--max-queued", daemon.store.max_queued,
                 "Jobs that may wait; one more is refused, to be sent again later")
      ->check(CLI::Range(int64_t{1}, int64_t{100'000}))
      ->capture_default_str();
  app.add_option("--keep-jobs", daemon.store.keep_jobs,
                 "Ended jobs that can still be asked for; older ones are forgotten")
      ->check(CLI::Range(int64_t{1}, int64_t{100'000}))
      ->capture_default_str();
  app.add_option("--max-watchers", daemon.max_watchers, "Streams of job events that may be open at once")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--threads", daemon.threads, "CPU threads that a job may use, and gets when it does not say; 0: all")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  app.add_option("--data-root", daemon.data_root,
                 "Directory that jobs may read data from; their relative paths start there. Unset: anywhere")
      ->type_name("DIR");
  app.add_option("--model-root", daemon.model_root,
                 "Directory that jobs may save models to; their relative paths start there. Unset: anywhere")
      ->type_name("DIR");
  app.add_option("--drain-time", flags.drain_seconds, "Time that calls under way get when the daemon ends, in seconds")
      ->check(CLI::Range(0.0, 86'400.0))
      ->capture_default_str();
}

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1e3));
}

int Serve(const recurve::ExecutorDaemonOptions& options) {
  auto daemon = recurve::ExecutorDaemon::Start(options);
  if (!daemon.ok()) {
    std::fprintf(stderr, "recurve-executor: %s\n", std::string(daemon.status().message()).c_str());
    return 1;
  }
  spdlog::info("recurve-executor {}: gRPC on port {}, metrics on port {}, plans by {}", options.version,
               (*daemon)->port(), (*daemon)->metrics_port(),
               options.planner_target.empty() ? "the embedded planner" : options.planner_target);
  const int signal = recurve::WaitForTerminationSignal();
  spdlog::info("signal {}: shutting down", signal);
  (*daemon)->ShutDown();
  spdlog::info("shut down");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  recurve::BlockTerminationSignals();
  recurve::QuietGrpcLog();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>()));
  Flags flags;
  flags.daemon.server.listen = "127.0.0.1:7402";
  flags.daemon.server.metrics_listen = "127.0.0.1:9402";
  flags.daemon.version = RECURVE_VERSION;
  CLI::App app(kDescription, "recurve-executor");
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("recurve-executor ") + RECURVE_VERSION);
  AddFlags(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsageError;
  }
  flags.daemon.planner_timeout = Milliseconds(flags.planner_timeout_seconds);
  flags.daemon.server.drain_time = Milliseconds(flags.drain_seconds);
  return Serve(flags.daemon);
}
