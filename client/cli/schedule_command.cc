// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/budget_options.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/json.h"
#include "client/cli/option_values.h"
#include "client/cli/output_file.h"
#include "client/cli/plan_answer.h"
#include "client/cli/planner_option.h"
#include "client/cli/schedule_service.h"
#include "client/cli/schedule_source.h"
#include "planner_service/checkpoint_schedules/action_exporter.h"
#include "planner_service/fields/check_fields.h"
#include "planner_service/planning/planner.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/number_text.h"
#include "planner_service/text/units.h"
#include "planner_service/verification/schedule_verifier.h"

namespace recurve {
namespace {

constexpr char kScheduleFooter[] = R"(
Examples:
  recurve schedule export --length 1000 --state-bytes 512KiB --tape-bytes 1MiB --memory 15MiB --save plan.jsonl
  recurve schedule verify plan.jsonl
      checks it against the sizes, the budget and the claims in its first line
  recurve schedule verify theirs.jsonl --state-bytes 512KiB --tape-bytes 1MiB --memory 15MiB
  python3 docs/replay_schedule.py plan.jsonl
      replays it with the Python package checkpoint_schedules, whose vocabulary the file uses

The format is described in docs/schedules.md. Exit status 1: the schedule is invalid, or one of its claims is false.)";

struct ExportOptions {
  BudgetOptions budget;
  Strategy strategy = Strategy::kAuto;
  ServiceOption planner;
  std::string save = "-";
};

struct VerifyOptions {
  std::string file;
  std::optional<int64_t> state_bytes, tape_bytes, budget_bytes;
  ServiceOption planner;
  bool json = false;
};

// The actions of a plan, from the service at `target` or, if that is empty, from this process.
absl::Status StreamPlan(const ServiceOption& service, const PlanRequest& request, const ScheduleConsumer& consumer) {
  if (!service.target.empty()) return StreamFromService(service, request, consumer);
  ASSIGN_OR_RETURN(Plan plan, EmbeddedPlanner().MakePlan(request, WhenInterrupted()));
  bool wanted = consumer.on_plan(plan);
  ScheduleWalk walk(plan.schedule);
  for (std::optional<Action> action = walk.Next(); wanted && action; action = walk.Next()) {
    wanted = consumer.on_action(*action);
  }
  return absl::OkStatus();
}

ScheduleHeader HeaderOf(const PlanRequest& request, const Plan& plan) {
  ScheduleHeader header{.length = request.length, .claimed_forward_count = plan.forward_count};
  if (const auto* bytes = std::get_if<ByteBudget>(&request.budget)) {
    header.state_bytes = bytes->state_bytes;
    header.tape_bytes = bytes->tape_bytes;
    header.budget_bytes = bytes->budget_bytes;
    header.claimed_peak_bytes = plan.peak_bytes;
  }
  return header;
}

// Writes a plan's actions as the lines of a file, which is not opened before there is a plan.
class ScheduleFile {
 public:
  ScheduleFile(std::string path, int64_t length) : path_(std::move(path)), exporter_(length) {}

  // Whether more is wanted.
  bool Begin(const ScheduleHeader& header) {
    absl::StatusOr<OutputFile> opened = OutputFile::Open(path_, kScheduleFile);
    status_ = opened.status();
    if (opened.ok()) file_.emplace(*std::move(opened));
    return WriteLine(ToJson(header));
  }
  bool Add(const Action& action) {
    exporter_.Add(action, lines_);
    return WriteLines();
  }

  // `streamed` is the status of the stream. On success the file is complete.
  absl::Status Finish(const absl::Status& streamed) {
    if (!status_.ok()) return status_;
    if (!streamed.ok()) return streamed;
    if (!file_) return absl::InternalError("the planner answered without a plan");
    exporter_.Finish(lines_);
    return WriteLines() ? file_->Finish() : status_;
  }

 private:
  bool WriteLine(const std::string& line) {
    if (status_.ok() && Interrupted()) status_ = absl::CancelledError("interrupted");
    if (status_.ok()) status_ = file_->Write(line + '\n');
    return status_.ok();
  }
  bool WriteLines() {
    const bool all = std::ranges::all_of(lines_, [&](const CheckpointAction& line) { return WriteLine(ToJson(line)); });
    lines_.clear();
    return all;
  }

  const std::string path_;
  ActionExporter exporter_;
  std::vector<CheckpointAction> lines_;
  std::optional<OutputFile> file_;
  absl::Status status_;
};

ExitStatus RunExport(const ExportOptions& options) {
  CatchInterrupts();
  absl::StatusOr<PlanRequest> request = RequestOf(options.budget);
  if (!request.ok()) return Fail(request.status(), ExitStatus::kUsage);
  request->strategy = options.strategy;
  absl::Status wrong = CheckRequest(*request);
  if (wrong.ok()) wrong = CheckReplaceable(options.save, kScheduleFile);
  if (!wrong.ok()) return Fail(wrong, ExitStatus::kUsage);

  ScheduleFile file(options.save, request->length);
  std::optional<PlanAnswer> infeasible;
  const auto begin = [&](const Plan& plan) {
    if (plan.feasible) return file.Begin(HeaderOf(*request, plan));
    infeasible = PlanAnswer{.request = *request, .plan = plan};
    return false;
  };
  const ScheduleConsumer consumer = {.on_plan = begin,
                                     .on_action = [&](const Action& action) { return file.Add(action); }};
  const absl::Status streamed = StreamPlan(options.planner, *request, consumer);
  if (infeasible) return Fail(ExitStatus::kInfeasible, InfeasibleText(*infeasible));
  const absl::Status status = file.Finish(streamed);
  return status.ok() ? ExitStatus::kDone : Fail(status);
}

// Options of the command line override the file's header.
absl::StatusOr<VerificationTask> TaskOf(const ScheduleHeader& header, const VerifyOptions& options) {
  const std::optional<int64_t> state_bytes = options.state_bytes ? options.state_bytes : header.state_bytes;
  if (!header.length) return absl::InvalidArgumentError("the first line has no length");
  if (!state_bytes) return absl::InvalidArgumentError("--state-bytes is needed: the first line has no state_bytes");
  VerificationTask task{.length = *header.length,
                        .state_bytes = *state_bytes,
                        .tape_bytes = options.tape_bytes.value_or(header.tape_bytes.value_or(0)),
                        .budget_bytes = options.budget_bytes ? options.budget_bytes : header.budget_bytes,
                        .claimed_peak_bytes = header.claimed_peak_bytes,
                        .claimed_forward_count = header.claimed_forward_count};
  RETURN_IF_ERROR(CheckFields(task));
  return task;
}

// Checked by the service at `target` or, when that is empty, in this process.
absl::StatusOr<Verdict> Check(const ServiceOption& service, const VerificationTask& task, ScheduleSource& source) {
  if (!service.target.empty()) return VerifyByService(service, task, [&source] { return source.Next(); });
  ScheduleVerifier verifier(task);
  while (verifier.Wants()) {
    ASSIGN_OR_RETURN(const std::optional<Action> action, source.Next());
    if (!action.has_value()) break;
    RETURN_IF_ERROR(verifier.Add(*action));
  }
  return verifier.Finish();
}

// The first violation, by line of the file.
std::optional<ScheduleSource::Failure> FailureOf(const Verdict& verdict, const ScheduleSource& source) {
  // A file that cannot be read further causes a premature end; report the cause.
  if (source.failure() && (!verdict.violation || verdict.violation->action_index >= source.taken())) {
    return source.failure();
  }
  if (!verdict.violation) return std::nullopt;
  return ScheduleSource::Failure{source.LineOf(verdict.violation->action_index), verdict.violation->action,
                                 verdict.violation->reason};
}

void PrintVerdict(const Verdict& verdict, const VerificationTask& task) {
  std::printf("valid     %s actions, %s links\n", CountText(verdict.action_count).c_str(),
              CountText(task.length).c_str());
  std::printf("forwards  %s, %.3f per link\n", CountText(verdict.forward_count).c_str(),
              static_cast<double>(verdict.forward_count) / static_cast<double>(task.length));
  std::printf("peak      %s", FormatBytesRounded(verdict.peak_bytes).c_str());
  if (task.budget_bytes) std::printf(" of %s", FormatBytesRounded(*task.budget_bytes).c_str());
  if (verdict.host_peak_bytes > 0)
    std::printf(", and %s on the host", FormatBytesRounded(verdict.host_peak_bytes).c_str());
  std::printf("\n");
}

Json VerdictJson(const Verdict& verdict, const std::optional<ScheduleSource::Failure>& failure) {
  Json json = {{"valid", !failure && verdict.valid()}};
  if (failure) {
    json["line"] = failure->line;
    json["action"] = failure->action;
    json["reason"] = failure->reason;
  }
  json["failed_claims"] = failure ? std::vector<std::string>() : verdict.failed_claims;
  json["action_count"] = verdict.action_count;
  json["forward_count"] = verdict.forward_count;
  json["peak_bytes"] = verdict.peak_bytes;
  json["host_peak_bytes"] = verdict.host_peak_bytes;
  return json;
}

ExitStatus RunVerify(const VerifyOptions& options) {
  CatchInterrupts();
  std::ifstream file;
  const bool from_file = options.file != "-";
  const std::string name = from_file ? options.file : "standard input";
  if (std::error_code ignored; from_file && std::filesystem::is_directory(options.file, ignored)) {
    return Fail(ExitStatus::kFailed, absl::StrCat(name, " is a directory; give a file"));
  }
  if (from_file) file.open(options.file);
  if (from_file && !file) return Fail(ExitStatus::kFailed, absl::StrCat("cannot read ", name));
  ScheduleSource source(from_file ? file : std::cin);
  const absl::StatusOr<ScheduleHeader> header = source.ReadHeader();
  if (!header.ok()) return Fail(ExitStatus::kFailed, absl::StrCat(name, ": ", header.status().message()));
  const absl::StatusOr<VerificationTask> task = TaskOf(*header, options);
  if (!task.ok()) return Fail(ExitStatus::kUsage, absl::StrCat(name, ": ", task.status().message()));

  const absl::StatusOr<Verdict> verdict = Check(options.planner, *task, source);
  if (!verdict.ok()) return Fail(verdict.status());
  const std::optional<ScheduleSource::Failure> failure = FailureOf(*verdict, source);
  if (options.json) PrintJson(VerdictJson(*verdict, failure));
  if (failure) {
    const std::string action = failure->action.empty() ? "" : failure->action + ": ";
    return Fail(ExitStatus::kFailed, absl::StrCat(name, ", line ", failure->line, ": ", action, failure->reason));
  }
  if (!verdict->valid()) return Fail(ExitStatus::kFailed, absl::StrCat(name, ": ", verdict->failed_claims.front()));
  if (!options.json) PrintVerdict(*verdict, *task);
  return ExitStatus::kDone;
}

Command AddExport(const Section& schedule) {
  CLI::App& app = AddCommand(schedule, "export", "write a plan's actions as JSON Lines", kScheduleFooter);
  auto options = std::make_shared<ExportOptions>();
  AddBudgetOptions(app, options->budget);
  AddStrategy(app, "--strategy", options->strategy, "auto, store-all, chen, hsm, ism or msm");
  AddPlannerOption(app, options->planner);
  AddText(app, "--save", options->save, "file to write, atomically; - is stdout", "FILE");
  return {&app, [options] { return RunExport(*options); }};
}

Command AddVerify(const Section& schedule) {
  CLI::App& app = AddCommand(schedule, "verify", "check any schedule against sizes and a budget", kScheduleFooter);
  auto options = std::make_shared<VerifyOptions>();
  AddPositional(app, "file", options->file, "the schedule, as JSON Lines; - for standard input", "FILE");
  AddBytes(app, "--state-bytes", options->state_bytes, "size of one state; default: from the file");
  AddBytes(app, "--tape-bytes", options->tape_bytes, "size of one link's tape; default: from the file, or 0");
  AddBytes(app, "--memory", options->budget_bytes,
           "for stored states and tapes, excluding the start state; default: from the file, or unlimited");
  AddPlannerOption(app, options->planner);
  AddFlag(app, "--json", options->json, "print one JSON object");
  return {&app, [options] { return RunVerify(*options); }};
}

}  // namespace

Command AddScheduleCommand(const Section& section) {
  return AddCommandGroup(section, "schedule", "schedules as files: export a plan's, verify any", kScheduleFooter,
                         {AddExport, AddVerify});
}

}  // namespace recurve
