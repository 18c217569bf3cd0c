// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/executor_option.h"
#include "client/cli/job_messages.h"
#include "client/cli/json.h"
#include "client/cli/option_values.h"
#include "client/cli/text_table.h"
#include "client/executor_client.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

namespace v1 = executor::v1;

constexpr char kCheckpointsFooter[] = R"(
Example:
  recurve checkpoints 3f2a --executor node7:7402

A job continues from the newest one that is complete. Paths are on the daemon's machine.)";

struct CheckpointsOptions {
  ServiceOption executor;
  std::string id;
  bool json = false;
};

Json CheckpointJson(const v1::StoredCheckpoint& checkpoint) {
  return {{"step", checkpoint.step()},
          {"path", checkpoint.path()},
          {"size_bytes", checkpoint.size_bytes()},
          {"create_time", TimeJson(checkpoint.has_create_time(), checkpoint.create_time())},
          {"problem", checkpoint.problem()}};
}

std::string CheckpointsText(const std::vector<v1::StoredCheckpoint>& checkpoints) {
  std::vector<std::vector<std::string>> rows = {{"step", "size", "written", "path", "problem"}};
  for (const v1::StoredCheckpoint& checkpoint : checkpoints) {
    rows.push_back({absl::StrCat(checkpoint.step()), FormatBytesRounded(checkpoint.size_bytes()),
                    SecondText(checkpoint.has_create_time(), checkpoint.create_time()), checkpoint.path(),
                    checkpoint.problem()});
  }
  return TextTable(rows);
}

ExitStatus RunCheckpoints(const CheckpointsOptions& options) {
  ExecutorClient executor({.target = options.executor.target, .tls = options.executor.tls});
  const absl::StatusOr<std::vector<v1::StoredCheckpoint>> checkpoints = executor.ListCheckpoints(options.id);
  if (!checkpoints.ok()) return Fail(checkpoints.status());
  if (options.json) {
    for (const v1::StoredCheckpoint& checkpoint : *checkpoints) PrintJson(CheckpointJson(checkpoint));
  } else {
    std::fputs(checkpoints->empty() ? "no checkpoints\n" : CheckpointsText(*checkpoints).c_str(), stdout);
  }
  return ExitStatus::kDone;
}

}  // namespace

Command AddCheckpointsCommand(const Section& section) {
  CLI::App& app = AddCommand(section, "checkpoints", "list the checkpoints of a job, oldest first", kCheckpointsFooter);
  auto options = std::make_shared<CheckpointsOptions>();
  AddPositional(app, "id", options->id, "the job's id, as printed by submit", "ID");
  AddExecutorOption(app, options->executor);
  AddFlag(app, "--json", options->json, "print one JSON object for each checkpoint");
  return {&app, [options] { return RunCheckpoints(*options); }};
}

}  // namespace recurve
