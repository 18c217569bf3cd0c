// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/commands.h"
#include "client/cli/executor_option.h"
#include "client/cli/interrupt.h"
#include "client/cli/job_messages.h"
#include "client/cli/json.h"
#include "client/cli/labels.h"
#include "client/cli/option_values.h"
#include "client/cli/terminal.h"
#include "client/cli/text_table.h"
#include "client/executor_client.h"
#include "client/retry_window.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

namespace v1 = executor::v1;

constexpr char kJobsFooter[] = R"(
Examples:
  recurve jobs --executor node7:7402
  recurve jobs --state running --json                     one JSON object for each job
  recurve jobs --label team=speech --state queued --state running --newest-first
  recurve jobs --watch
      on a terminal a table that is redrawn every second; otherwise, and with --json, the jobs whose state has changed

Ctrl-C ends --watch.)";

struct JobsOptions {
  ServiceOption executor;
  std::vector<std::string> states, labels;
  std::string owner;
  bool newest_first = false;
  bool watch = false;
  bool json = false;
};

absl::StatusOr<v1::ListJobsRequest> FilterOf(const JobsOptions& options) {
  v1::ListJobsRequest request;
  for (const std::string& name : options.states) {
    const absl::StatusOr<v1::JobState> state = ParseState(name);
    if (!state.ok()) return absl::InvalidArgumentError("--state: " + std::string(state.status().message()));
    request.add_states(*state);
  }
  ASSIGN_OR_RETURN(const auto labels, ParseLabels(options.labels));
  for (const auto& [key, value] : labels) (*request.mutable_labels())[key] = value;
  request.set_owner(options.owner);
  request.set_newest_first(options.newest_first);
  return request;
}

void PrintJobs(const std::vector<v1::Job>& jobs, bool json) {
  if (json) {
    for (const v1::Job& job : jobs) PrintJson(JobJson(job));
  } else {
    std::fputs(jobs.empty() ? "no jobs\n" : JobsText(jobs).c_str(), stdout);
  }
  std::fflush(stdout);
}

// The jobs in place of what the terminal shows, as many as it has room for.
void DrawJobs(const std::vector<v1::Job>& jobs) {
  constexpr size_t kOtherLines = 3;  // the heading, how many are left out, the cursor
  const auto rows = static_cast<size_t>(std::max(1, TerminalHeight() - static_cast<int>(kOtherLines)));
  std::vector<v1::Job> shown(jobs.begin(), jobs.begin() + static_cast<int64_t>(std::min(rows, jobs.size())));
  std::fputs("\033[H\033[2J", stdout);
  const std::string table = jobs.empty() ? "no jobs\n" : JobsText(shown);
  for (const auto& line : absl::StrSplit(table, '\n', absl::SkipEmpty())) {
    std::printf("%s\n", CutToWidth(std::string(line), TerminalWidth()).c_str());
  }
  if (shown.size() < jobs.size()) std::printf("  and %zu more\n", jobs.size() - shown.size());
  std::fflush(stdout);
}

// Those of `jobs` that are new or in another state than at the last call, which `states` remembers.
std::vector<v1::Job> Changed(const std::vector<v1::Job>& jobs, std::map<std::string, v1::JobState>& states) {
  std::vector<v1::Job> changed;
  std::map<std::string, v1::JobState> now;
  for (const v1::Job& job : jobs) {
    now[job.id()] = job.state();
    const auto known = states.find(job.id());
    if (known == states.end() || known->second != job.state()) changed.push_back(job);
  }
  states = std::move(now);
  return changed;
}

// Waits a second; false if the user wants no more.
bool WaitForNextList() {
  constexpr std::chrono::milliseconds kPiece{50};
  constexpr int kPieces = 20;
  for (int i = 0; i < kPieces && !Interrupted(); ++i) std::this_thread::sleep_for(kPiece);
  return !Interrupted();
}

ExitStatus WatchJobs(ExecutorClient& executor, const v1::ListJobsRequest& request, bool json) {
  CatchInterrupts();
  const bool draws = !json && TerminalMovesCursor();
  std::map<std::string, v1::JobState> states;
  RetryWindow window(executor.options().reconnect);
  for (bool any = false;;) {
    const absl::StatusOr<std::vector<v1::Job>> jobs = executor.ListJobs(request);
    if (jobs.ok()) {
      window.Restart();
      if (draws) {
        DrawJobs(*jobs);
      } else if (const std::vector<v1::Job> changed = Changed(*jobs, states); !changed.empty()) {
        PrintJobs(changed, json);
      }
      any = true;
      if (!WaitForNextList()) return ExitStatus::kDone;
    } else {
      if (!any || !absl::IsUnavailable(jobs.status())) return Fail(jobs.status());
      if (!window.open()) Note(absl::StrCat("lost the connection (", jobs.status().message(), "); trying to continue"));
      if (!window.Wait(WhenInterrupted())) return Interrupted() ? ExitStatus::kDone : Fail(jobs.status());
    }
  }
}

ExitStatus RunJobs(const JobsOptions& options) {
  const absl::StatusOr<v1::ListJobsRequest> request = FilterOf(options);
  if (!request.ok()) return Fail(request.status(), ExitStatus::kUsage);
  ExecutorClient executor({.target = options.executor.target, .tls = options.executor.tls});
  if (options.watch) return WatchJobs(executor, *request, options.json);
  const absl::StatusOr<std::vector<v1::Job>> jobs = executor.ListJobs(*request);
  if (!jobs.ok()) return Fail(jobs.status());
  if (!options.json || !jobs->empty()) PrintJobs(*jobs, options.json);
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
  AddFlag(jobs, "--watch", options->watch, "keep showing the jobs as they change, until Ctrl-C");
  AddFlag(jobs, "--json", options->json, "print one JSON object for each job");
  return {&jobs, [options] { return RunJobs(*options); }};
}

}  // namespace recurve
