// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include "client/cli/commands.h"
#include "client/cli/executor_option.h"
#include "client/cli/job_watch.h"
#include "client/cli/option_values.h"
#include "client/executor_client.h"

namespace recurve {
namespace {

constexpr char kWatchFooter[] = R"(
Example:
  recurve watch 3f2a --executor node7:7402

Exit status 0: the job succeeded; 1: it failed or was cancelled, with a message. Ctrl-C stops watching, not the job.)";

struct WatchOptions {
  std::string executor;
  std::string id;
  bool json = false;
};

ExitStatus RunWatch(const WatchOptions& options) {
  ExecutorClient executor({.target = options.executor});
  return WatchUntilEnd(executor, options.id, options.json);
}

}  // namespace

Command AddWatchCommand(const Section& section) {
  CLI::App& watch = AddCommand(section, "watch", "follow a job of an executor daemon until it ends", kWatchFooter);
  auto options = std::make_shared<WatchOptions>();
  AddPositional(watch, "id", options->id, "the job's id, as printed by submit", "ID");
  AddExecutorOption(watch, options->executor);
  AddFlag(watch, "--json", options->json, "print one JSON object for each event");
  return {&watch, [options] { return RunWatch(*options); }};
}

}  // namespace recurve
