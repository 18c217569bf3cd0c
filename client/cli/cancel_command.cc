// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <string>

#include "client/cli/commands.h"
#include "client/cli/executor_option.h"
#include "client/cli/job_messages.h"
#include "client/cli/json.h"
#include "client/cli/option_values.h"
#include "client/executor_client.h"

namespace recurve {
namespace {

constexpr char kCancelFooter[] = R"(
Example:
  recurve cancel 3f2a --executor node7:7402

A running job stops and saves what it has trained; its last note says where.)";

struct CancelOptions {
  std::string executor;
  std::string id;
  bool json = false;
};

ExitStatus RunCancel(const CancelOptions& options) {
  ExecutorClient executor({.target = options.executor});
  const absl::StatusOr<executor::v1::Job> job = executor.CancelJob(options.id);
  if (!job.ok()) return Fail(job.status());
  if (options.json) {
    PrintJson(JobJson(*job));
  } else {
    std::printf("%s\n", StateName(job->state()).c_str());
  }
  return ExitStatus::kDone;
}

}  // namespace

Command AddCancelCommand(const Section& section) {
  CLI::App& cancel = AddCommand(section, "cancel", "stop a job of an executor daemon; prints its state", kCancelFooter);
  auto options = std::make_shared<CancelOptions>();
  AddPositional(cancel, "id", options->id, "of the job, as submit printed it", "ID");
  AddExecutorOption(cancel, options->executor);
  AddFlag(cancel, "--json", options->json, "print one JSON object: the job");
  return {&cancel, [options] { return RunCancel(*options); }};
}

}  // namespace recurve
