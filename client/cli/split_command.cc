// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/advice_options.h"
#include "client/cli/advice_text.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/json_file.h"
#include "client/cli/option_values.h"
#include "client/cli/text_table.h"
#include "client/cli/workload_json.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/number_text.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

constexpr char kSplitFooter[] = R"(
Examples:
  recurve capacity split --memory 80GiB chat.json speech.json
      each job's share of one device, for the least total time
  recurve capacity split --memory 80GiB --goal slowdown jobs.json --json
      for the least slowdown of the job that is slowed down most

A file holds one job or an array of jobs. A job is a chain or a model, with an optional name:
  {"length": 1000, "state_bytes": "512KiB", "tape_bytes": "1MiB", "fixed_bytes": "1GiB"}
  {"name": "chat", "model": {"layers": 2, "hidden": 1024}, "batch": 32, "length": 1000, "optimizer": "adamw"}
Exit status 3: the jobs do not fit together; the message gives the minimum memory.)";

constexpr Named<SplitGoal> kGoals[] = {{"time", SplitGoal::kLeastTotalTime}, {"slowdown", SplitGoal::kLeastSlowdown}};

struct SplitOptions {
  std::vector<std::string> files;
  AdviceOptions advice;
  std::optional<int64_t> memory;
  SplitGoal goal = SplitGoal::kLeastTotalTime;
  Strategy strategy = Strategy::kAuto;
};

struct Jobs {
  std::vector<std::string> names;
  std::vector<Workload> workloads;
};

absl::Status AddJob(const Json& json, const std::string& fallback_name, Jobs& jobs) {
  ASSIGN_OR_RETURN(Workload workload, ParseWorkload(json));
  const auto name = json.find("name");
  jobs.names.push_back(name != json.end() && name->is_string() ? name->get<std::string>() : fallback_name);
  jobs.workloads.push_back(std::move(workload));
  return absl::OkStatus();
}

absl::Status AddFile(const std::string& path, Jobs& jobs) {
  ASSIGN_OR_RETURN(const Json file, ReadJsonFile(path));
  const Json& json = file;
  const std::string stem = std::filesystem::path(path).stem().string();
  if (!json.is_array()) {
    const absl::Status status = AddJob(json, stem, jobs);
    return status.ok() ? status : absl::InvalidArgumentError(absl::StrCat(path, ": ", status.message()));
  }
  for (size_t i = 0; i < json.size(); ++i) {
    if (absl::Status status = AddJob(json[i], absl::StrCat(stem, "[", i, "]"), jobs); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": job ", i, ": ", status.message()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Jobs> ReadJobs(const std::vector<std::string>& files) {
  Jobs jobs;
  for (const std::string& path : files) {
    RETURN_IF_ERROR(AddFile(path, jobs));
  }
  if (jobs.workloads.empty()) return absl::InvalidArgumentError("give at least one job; see --help for the format");
  return jobs;
}

Json SplitJson(const Jobs& jobs, const Advisor::Split& split, const SplitOptions& options) {
  Json json = {{"feasible", split.feasible},
               {"memory_bytes", *options.memory},
               {"total_time", nullptr},
               {"total_time_lower_bound", nullptr},
               {"shares", Json::array()}};
  if (split.feasible && options.goal == SplitGoal::kLeastTotalTime) {
    json["total_time"] = split.total_time;
    json["total_time_lower_bound"] = split.total_time_lower_bound;
  }
  for (size_t i = 0; i < jobs.names.size(); ++i) {
    Json share = {{"name", jobs.names[i]}, {"workload", WorkloadJson(jobs.workloads[i])}};
    share.update(AdviceJson(split.shares[i]));
    json["shares"].push_back(std::move(share));
  }
  return json;
}

// What was minimized, and how far it may be from the minimum.
std::string GoalText(const Advisor::Split& split, SplitGoal goal) {
  if (goal == SplitGoal::kLeastSlowdown) return "The largest slowdown of a job is minimal.";
  if (split.total_time <= split.total_time_lower_bound) return "No other split takes less total time.";
  return absl::StrFormat("Any other split saves less than %.2g %% of the total time.",
                         100 * (1 - split.total_time_lower_bound / split.total_time));
}

std::string SharesText(const Jobs& jobs, const Advisor::Split& split, int64_t memory) {
  std::vector<std::vector<std::string>> rows = {{"job", "share", "bytes", "of total", "time", "store-all"}};
  for (size_t i = 0; i < jobs.names.size(); ++i) {
    const Advice& share = split.shares[i];
    rows.push_back({jobs.names[i], FormatBytesRounded(share.budget_bytes), CountText(share.budget_bytes),
                    PercentText(static_cast<double>(share.budget_bytes), static_cast<double>(memory)),
                    SlowdownText(share.slowdown), FormatBytesRounded(share.sizing.store_all_bytes)});
  }
  return TextTable(rows);
}

ExitStatus Report(const Jobs& jobs, const Advisor::Split& split, const SplitOptions& options) {
  if (options.advice.json) {
    PrintJson(SplitJson(jobs, split, options));
  } else if (split.feasible) {
    std::printf("%s for %zu jobs, with %s. %s\n\n%s", FormatBytes(*options.memory).c_str(), jobs.names.size(),
                std::string(ToString(options.strategy)).c_str(), GoalText(split, options.goal).c_str(),
                SharesText(jobs, split, *options.memory).c_str());
  }
  if (split.feasible) return ExitStatus::kDone;
  double least = 0;
  for (const Advice& share : split.shares) least += static_cast<double>(share.least_bytes);
  return Fail(ExitStatus::kInfeasible,
              absl::StrCat("--memory ", FormatBytes(*options.memory), " is too small for these ", jobs.names.size(),
                           " jobs; give at least ", AtLeastText(static_cast<int64_t>(least))));
}

ExitStatus RunSplit(const SplitOptions& options) {
  CatchInterrupts();
  if (!options.memory) return Fail(ExitStatus::kUsage, "--memory is required: the bytes of the device");
  const absl::StatusOr<Jobs> jobs = ReadJobs(options.files);
  if (!jobs.ok()) return Fail(jobs.status(), ExitStatus::kUsage);
  const absl::StatusOr<Advisor::Split> split = options.advice.MakeAdvisor()->SplitBudget(
      jobs->workloads, options.strategy, *options.memory, options.goal, WhenInterrupted());
  if (!split.ok()) return options.advice.Fail(split.status());
  return Report(*jobs, *split, options);
}

}  // namespace

Command AddCapacitySplitCommand(const Section& section) {
  CLI::App& split = AddCommand(section, "split", "divide the memory of one device among several jobs", kSplitFooter);
  auto options = std::make_shared<SplitOptions>();
  AddPositionals(split, "jobs", options->files, "JSON files with jobs", "FILE");
  AddBytes(split, "--memory", options->memory, "of the device, in total, such as 80GiB");
  AddChoice(split, "--goal", options->goal, kGoals, "what to minimize");
  AddStrategy(split, "--strategy", options->strategy, "auto, store-all, chen or hsm");
  AddAdviceOptions(split, options->advice);
  return {&split, [options] { return RunSplit(*options); }};
}

}  // namespace recurve
