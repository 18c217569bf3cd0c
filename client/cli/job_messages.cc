// SPDX-License-Identifier: Apache-2.0
#include "client/cli/job_messages.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/text_table.h"
#include "executor/codec/job_codec.h"
#include "executor/job/job_spec.h"
#include "planner_service/text/number_text.h"
#include "planner_service/text/units.h"
#include "planner_service/trace/trace_context.h"

namespace recurve {
namespace {

namespace v1 = executor::v1;
using google::protobuf::util::TimeUtil;

// "JOB_STATE_RUNNING" as "running", "STRATEGY_STORE_ALL" as "store-all".
std::string PlainName(const std::string& name, const std::string& prefix) {
  std::string plain = absl::AsciiStrToLower(name.substr(std::min(name.size(), prefix.size())));
  for (char& c : plain) {
    if (c == '_') c = '-';
  }
  return plain;
}

const std::string& DataPath(const v1::Job& job) { return job.spec().language_model().data_path(); }

Json PlanJson(const v1::PlanSummary& plan) {
  Json json = {{"source", PlainName(v1::PlanSource_Name(plan.source()), "PLAN_SOURCE_")}};
  json.update(FieldsJson(DecodePlanSummary(plan)));
  return json;
}

// What is public of a step.
Json RedactedProgressJson(const v1::Progress& progress) {
  return {{"step", progress.step()},
          {"seconds", progress.seconds()},
          {"measured_peak_bytes", progress.measured_peak_bytes()},
          {"measured_host_peak_bytes", progress.measured_host_peak_bytes()}};
}

// A job of somebody else, without the fields that the daemon has removed.
Json RedactedJobJson(const v1::Job& job) {
  Json json = {{"id", job.id()},
               {"redacted", true},
               {"state", StateName(job.state())},
               {"owner", job.owner()},
               {"priority", job.priority()},
               {"create_time", TimeJson(job.has_create_time(), job.create_time())},
               {"start_time", TimeJson(job.has_start_time(), job.start_time())},
               {"end_time", TimeJson(job.has_end_time(), job.end_time())},
               {"device", job.spec().device()},
               {"memory", MemoryText(job.spec())},
               {"promised_bytes", job.promised_bytes()},
               {"steps", StepsOf(job)},
               {"checkpoint_step", job.checkpoint_step()},
               {"starts", job.starts()}};
  if (job.has_plan()) json["plan"] = {{"planned_peak_bytes", PlannedPeak(job)}};
  if (job.has_progress()) json["progress"] = RedactedProgressJson(job.progress());
  return json;
}

}  // namespace

int64_t PlannedPeak(const v1::Job& job) { return job.plan().planned_peak_bytes(); }

int64_t StepsOf(const v1::Job& job) { return job.spec().has_steps() ? job.spec().steps() : JobSpec().steps; }

std::string StateName(v1::JobState state) { return PlainName(v1::JobState_Name(state), "JOB_STATE_"); }

absl::StatusOr<v1::JobState> ParseState(const std::string& name) {
  v1::JobState state = v1::JOB_STATE_UNSPECIFIED;
  if (v1::JobState_Parse("JOB_STATE_" + absl::AsciiStrToUpper(name), &state) && state != v1::JOB_STATE_UNSPECIFIED) {
    return state;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", name, "\" is not queued, planning, running, paused, succeeded, failed or cancelled"));
}

bool HasEnded(v1::JobState state) {
  return state == v1::JOB_STATE_SUCCEEDED || state == v1::JOB_STATE_FAILED || state == v1::JOB_STATE_CANCELLED;
}

std::string MemoryText(const v1::JobSpec& spec) {
  if (spec.has_memory_bytes()) return FormatBytes(spec.memory_bytes());
  if (spec.has_all_free()) return "free";
  return absl::StrCat(100 * (spec.has_activation_share() ? spec.activation_share() : 1), "%");
}

Json TimeJson(bool set, const google::protobuf::Timestamp& time) {
  return set ? Json(TimeUtil::ToString(time)) : Json(nullptr);
}

std::string SecondText(bool set, const google::protobuf::Timestamp& time) {
  return set ? absl::StrFormat("%.19sZ", TimeUtil::ToString(time)) : "-";
}

std::string TraceIdOf(const v1::Job& job) {
  return ParseTraceparent(job.traceparent()).value_or(TraceContext()).trace_id;
}

Json JobJson(const v1::Job& job) {
  if (job.redacted()) return RedactedJobJson(job);
  Json json = {{"id", job.id()},
               {"state", StateName(job.state())},
               {"reason", job.reason()},
               {"display_name", job.display_name()},
               {"labels", Json::object()},
               {"owner", job.owner()},
               {"priority", job.priority()},
               {"create_time", TimeJson(job.has_create_time(), job.create_time())},
               {"start_time", TimeJson(job.has_start_time(), job.start_time())},
               {"end_time", TimeJson(job.has_end_time(), job.end_time())},
               {"data_path", DataPath(job)},
               {"save_path", job.spec().save_path()},
               {"memory", MemoryText(job.spec())},
               {"promised_bytes", job.promised_bytes()},
               {"steps", StepsOf(job)},
               {"checkpoint_step", job.checkpoint_step()},
               {"starts", job.starts()},
               {"trace_id", TraceIdOf(job)}};
  for (const auto& [key, value] : job.labels()) json["labels"][key] = value;
  if (job.has_plan()) json["plan"] = PlanJson(job.plan());
  if (job.has_progress()) json["progress"] = FieldsJson(DecodeProgress(job.progress()));
  if (job.has_result()) json["result"] = FieldsJson(DecodeReport(job.result()));
  return json;
}

Json EventJson(const v1::JobEvent& event, bool redacted) {
  Json json = {{"type", nullptr}, {"sequence", event.sequence()}, {"time", TimeUtil::ToString(event.time())}};
  switch (event.event_case()) {
    case v1::JobEvent::kStateChange:
      json["type"] = "state";
      json["state"] = StateName(event.state_change().state());
      if (!redacted) json["reason"] = event.state_change().reason();
      break;
    case v1::JobEvent::kProgress:
      json["type"] = "step";
      json.update(redacted ? RedactedProgressJson(event.progress()) : FieldsJson(DecodeProgress(event.progress())));
      break;
    case v1::JobEvent::kCheckpoint:
      json["type"] = "checkpoint";
      json["step"] = event.checkpoint().step();
      json["seconds"] = static_cast<double>(TimeUtil::DurationToNanoseconds(event.checkpoint().duration())) / 1e9;
      json["resumable"] = event.checkpoint().resumable();
      json["size_bytes"] = event.checkpoint().size_bytes();
      break;
    case v1::JobEvent::kEvaluation:
      json["type"] = "evaluation";
      json["step"] = event.evaluation().step();
      json["metric"] = FieldsJson(DecodeMetric(event.evaluation().metric()));
      break;
    case v1::JobEvent::kNote:
      json["type"] = "note";
      json["note"] = event.note();
      break;
    case v1::JobEvent::EVENT_NOT_SET:
      break;
  }
  return json;
}

Json ResultJson(const v1::Job& job) {
  if (job.redacted()) {
    return {{"type", "result"}, {"id", job.id()}, {"redacted", true}, {"state", StateName(job.state())}};
  }
  Json json = {{"type", "result"},
               {"id", job.id()},
               {"state", StateName(job.state())},
               {"reason", job.reason()},
               {"trace_id", TraceIdOf(job)}};
  if (job.has_result()) json.update(FieldsJson(DecodeReport(job.result())));
  return json;
}

std::string JobsText(const std::vector<v1::Job>& jobs) {
  // A column for what few jobs have, only if some have it.
  const auto any = [&jobs](auto has) { return std::any_of(jobs.begin(), jobs.end(), has); };
  const bool names = any([](const v1::Job& job) { return !job.display_name().empty(); });
  const bool owners = any([](const v1::Job& job) { return !job.owner().empty(); });
  const bool priorities = any([](const v1::Job& job) { return job.priority() != 0; });
  const auto row = [&](const std::string& id, const std::string& name, const std::string& owner,
                       const std::string& priority, const std::vector<std::string>& others) {
    std::vector<std::string> cells = {id};
    if (names) cells.push_back(name);
    if (owners) cells.push_back(owner);
    if (priorities) cells.push_back(priority);
    cells.insert(cells.end(), others.begin(), others.end());
    return cells;
  };
  std::vector<std::vector<std::string>> rows = {
      row("id", "name", "owner", "priority", {"state", "step", "loss", "planned peak", "created", "data"})};
  for (const v1::Job& job : jobs) {
    rows.push_back(row(job.id(), job.display_name(), job.owner(), absl::StrCat(job.priority()),
                       {StateName(job.state()), absl::StrCat(job.progress().step(), "/", StepsOf(job)),
                        job.has_progress() && !job.redacted() ? absl::StrFormat("%.3f", job.progress().loss()) : "-",
                        job.has_plan() ? FormatBytesRounded(PlannedPeak(job)) : "-",
                        SecondText(job.has_create_time(), job.create_time()), job.redacted() ? "-" : DataPath(job)}));
  }
  return TextTable(rows);
}

}  // namespace recurve
