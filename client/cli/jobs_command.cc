// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/executor_option.h"
#include "client/cli/job_messages.h"
#include "client/cli/json.h"
#include "client/cli/labels.h"
#include "client/cli/option_values.h"
#include "client/executor_client.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr char kJobsFooter[] = R"(
Examples:
  recurve jobs --executor node7:7402
  recurve jobs --state running --json                     one JSON object for each job
  recurve jobs --label team=speech --state queued --state running --newest-first)";

struct JobsOptions {
  std::string executor;
  std::vector<std::string> states, labels;
  std::string owner;
  bool newest_first = false;
  bool json = false;
};

absl::StatusOr<executor::v1::ListJobsRequest> FilterOf(const JobsOptions& options) {
  executor::v1::ListJobsRequest request;
  for (const std::string& name : options.states) {
    const absl::StatusOr<executor::v1::JobState> state = ParseState(name);
    if (!state.ok()) return absl::InvalidArgumentError("--state: " + std::string(state.status().message()));
    request.add_states(*state);
  }
  ASSIGN_OR_RETURN(const auto labels, ParseLabels(options.labels));
  for (const auto& [key, value] : labels) (*request.mutable_labels())[key] = value;
  request.set_owner(options.owner);
  request.set_newest_first(options.newest_first);
  return request;
}

ExitStatus RunJobs(const JobsOptions& options) {
  const absl::StatusOr<executor::v1::ListJobsRequest> request = FilterOf(options);
  if (!request.ok()) return Fail(request.status(), ExitStatus::kUsage);
  ExecutorClient executor({.target = options.executor});
  const absl::StatusOr<std::vector<executor::v1::Job>> jobs = executor.ListJobs(*request);
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
  CLI::App& jobs = AddCommand(section, "jobs", "list the jobs of an executor daemon", kJobsFooter);
  auto options = std::make_shared<JobsOptions>();
  AddExecutorOption(jobs, options->executor);
  AddTexts(jobs, "--state", options->states,
           "only these: queued, planning, running, paused, succeeded, failed or cancelled; may be repeated", "NAME");
  AddTexts(jobs, "--label", options->labels, "only jobs with this label; with all of them if repeated", "KEY=VALUE");
  AddText(jobs, "--owner", options->owner, "only jobs of this owner", "NAME");
  AddFlag(jobs, "--newest-first", options->newest_first, "newest first instead of oldest first");
  AddFlag(jobs, "--json", options->json, "print one JSON object for each job");
  return {&jobs, [options] { return RunJobs(*options); }};
}

}  // namespace recurve
