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

A queued job is cancelled at once. A running one is asked to stop: it does so within about a second and saves the model;
its last note says where, and `recurve watch` shows the end. A job that has ended is not changed.)";

struct CancelOptions {
  ServiceOption executor;
  std::string id;
  bool json = false;
};

std::string TextOf(const executor::v1::Job& job) {
  std::string state = StateName(job.state());
  if (job.state() == executor::v1::JOB_STATE_CANCELLED) return state;
  if (job.has_end_time()) return state + ": it had already ended";
  return "asked to stop; still " + state;
}

ExitStatus RunCancel(const CancelOptions& options) {
  ExecutorClient executor({.target = options.executor.target, .tls = options.executor.tls});
  const absl::StatusOr<executor::v1::Job> job = executor.CancelJob(options.id);
  if (!job.ok()) return Fail(job.status());
  if (options.json) {
    PrintJson(JobJson(*job));
  } else {
    std::printf("%s\n", TextOf(*job).c_str());
  }
  return ExitStatus::kDone;
}

}  // namespace

Command AddCancelCommand(const Section& section) {
  CLI::App& cancel =
      AddCommand(section, "cancel", "stop a job of an executor daemon and report the result", kCancelFooter);
  auto options = std::make_shared<CancelOptions>();
  AddPositional(cancel, "id", options->id, "the job's id, as printed by submit", "ID");
  AddExecutorOption(cancel, options->executor);
  AddFlag(cancel, "--json", options->json, "print one JSON object: the job");
  return {&cancel, [options] { return RunCancel(*options); }};
}

}  // namespace recurve
