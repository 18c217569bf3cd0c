// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cmath>
#include <memory>
#include <string>

#include "client/cli/commands.h"
#include "client/cli/executor_option.h"
#include "client/cli/job_watch.h"
#include "client/cli/loss_record.h"
#include "client/cli/option_values.h"
#include "client/executor_client.h"
#include "executor/data/file_identity.h"

namespace recurve {
namespace {

constexpr char kWatchFooter[] = R"(
Examples:
  recurve watch 3f2a --executor node7:7402
      on a terminal a live view with the loss curve, memory, speed and when the job will end; otherwise lines of text
  recurve watch 3f2a --json
      one JSON object for each event, and at the end one ("type": "result") with "state" and "weights_sha256"
  recurve watch 3f2a --loss-csv loss.csv --loss-svg loss.svg --tensorboard runs/3f2a
      the losses of all steps in files

Exit status 0: the job succeeded; 1: it failed or was cancelled, with a message; 130: Ctrl-C, which stops watching, not
the job, and says how to come back. While the daemon restarts, the command waits and continues after the last event. A
job that continues from a checkpoint repeats a few steps; its losses replace those from before.)";

struct WatchCommandOptions {
  ServiceOption executor;
  WatchSettings settings;
  double reconnect = 60;
};

ExitStatus RunWatch(const WatchCommandOptions& options) {
  const LossFiles& losses = options.settings.losses;
  absl::Status wrong = CheckLossFiles(losses);
  wrong.Update(CheckDistinct({}, {{"--loss-csv", losses.csv}, {"--loss-svg", losses.svg}}));
  if (!wrong.ok()) return Fail(wrong, ExitStatus::kUsage);
  ExecutorClient executor({.target = options.executor.target,
                           .reconnect = std::chrono::milliseconds(std::llround(1000 * options.reconnect)),
                           .tls = options.executor.tls});
  return WatchUntilEnd(executor, options.settings);
}

}  // namespace

Command AddWatchCommand(const Section& section) {
  CLI::App& watch = AddCommand(section, "watch", "follow a job of an executor daemon until it ends", kWatchFooter);
  auto options = std::make_shared<WatchCommandOptions>();
  AddPositional(watch, "id", options->settings.id, "the job's id, as printed by submit", "ID");
  AddExecutorOption(watch, options->executor);
  AddCount(watch, "--from", options->settings.from, "sequence number of the first event to show; 0: all",
           {0, INT64_MAX});
  AddSeconds(watch, "--reconnect", options->reconnect,
             "how long to try to continue after the connection is lost, such as 90s or 5m", {.least = 0, .most = 1e6});
  AddFlag(watch, "--json", options->settings.json, "print one JSON object for each event, and one for the result");
  AddLossOptions(watch, options->settings.losses);
  return {&watch, [options] { return RunWatch(*options); }};
}

}  // namespace recurve
