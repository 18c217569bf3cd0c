// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/executor_option.h"
#include "client/cli/job_messages.h"
#include "client/cli/json.h"
#include "client/cli/option_values.h"
#include "client/executor_client.h"

namespace recurve {
namespace {

constexpr char kJobsFooter[] = R"(
Examples:
  recurve jobs --executor node7:7402
  recurve jobs --state running --json      one JSON object for each job)";

struct JobsOptions {
  std::string executor;
  std::string state;
  bool json = false;
};

ExitStatus RunJobs(const JobsOptions& options) {
  auto state = executor::v1::JOB_STATE_UNSPECIFIED;
  if (!options.state.empty()) {
    const absl::StatusOr<executor::v1::JobState> parsed = ParseState(options.state);
    if (!parsed.ok()) return Fail(ExitStatus::kUsage, "--state: " + std::string(parsed.status().message()));
    state = *parsed;
  }
  ExecutorClient executor({.target = options.executor});
  const absl::StatusOr<std::vector<executor::v1::Job>> jobs = executor.ListJobs(state);
  if (!jobs.ok()) return Fail(jobs.status());
  if (options.json) {
    for (const executor::v1::Job& job : *jobs) PrintJson(JobJson(job));
  } else if (jobs->empty()) {
    std::puts("no jobs");
  } else {
    std::fputs(JobsText(*jobs).c_str(), stdout);
  }
  return ExitStatus::kDone;
}

}  // namespace

Command AddJobsCommand(const Section& section) {
  CLI::App& jobs = AddCommand(section, "jobs", "list the jobs of an executor daemon, oldest first", kJobsFooter);
  auto options = std::make_shared<JobsOptions>();
  AddExecutorOption(jobs, options->executor);
  AddText(jobs, "--state", options->state, "only these: queued, planning, running, succeeded, failed or cancelled",
          "NAME");
  AddFlag(jobs, "--json", options->json, "print one JSON object for each job");
  return {&jobs, [options] { return RunJobs(*options); }};
}

}  // namespace recurve
