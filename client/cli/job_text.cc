// SPDX-License-Identifier: Apache-2.0
#include "client/cli/job_text.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "planner_service/text/number_text.h"
#include "planner_service/text/printable.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

// States, tapes and workspace depend on the plan; the rest is needed in any case.
int64_t FixedBytes(const JobPlan& plan) { return plan.ledger.total() - plan.ledger.activations(); }

double RecomputeRatio(const JobPlan& plan) {
  return static_cast<double>(plan.plan.forward_count) / static_cast<double>(plan.links);
}

double PredictedSeconds(const JobPlan& plan) { return *plan.plan.predicted_seconds; }

std::string HostText(const JobSpec& spec, const JobPlan& plan) {
  return absl::StrCat("           on the host ", FormatBytesRounded(plan.host_bytes), " of states, of the ",
                      FormatBytesRounded(spec.host_memory), " allowed; a batch stores ",
                      Counted(plan.host.writes, "state"), " there and fetches ", CountText(plan.host.reads), "\n");
}

// "29,510, of 12 to 529 steps (median 130); 3 longer ones are cut; 12 empty ones are left out; 1,540 held out"
std::string SequencesText(const SequenceSummary& lines) {
  std::string text =
      absl::StrCat(CountText(lines.count), " of ", CountText(lines.shortest), " to ", CountText(lines.longest),
                   " steps, median ", CountText(lines.median), "; ", CountText(lines.held_out), " held out");
  if (lines.cut > 0) absl::StrAppend(&text, "; longer ones are cut: ", CountText(lines.cut));
  if (lines.empty > 0) absl::StrAppend(&text, "; empty ones are left out: ", CountText(lines.empty));
  return text;
}

std::string LedgerText(const Ledger& ledger) {
  std::string text;
  for (int kind = 0; kind < kMemoryKinds; ++kind) {
    const auto memory = static_cast<MemoryKind>(kind);
    if (IsOptional(memory) && ledger[memory] == 0) continue;
    absl::StrAppend(&text, text.empty() ? "" : ", ", std::string(ToString(memory)), " ",
                    FormatBytesRounded(ledger[memory]));
  }
  return text;
}

}  // namespace

int64_t StoreAllActivations(const JobPlan& plan) { return plan.store_all_bytes - FixedBytes(plan); }

std::string JobPlanText(const JobSpec& spec, const JobPlan& plan) {
  std::string text;
  absl::StrAppend(&text, "model      ", plan.model, ", ", CountText(plan.parameters), " parameters, on ", plan.device,
                  "\n");
  absl::StrAppend(&text, "data       ", Printable(plan.data_path), ": ", Counted(plan.data.train, plan.data.unit),
                  " to train on, ", CountText(plan.data.held_out), " held out\n");
  if (plan.data.sequences) absl::StrAppend(&text, "sequences  ", SequencesText(*plan.data.sequences), "\n");
  for (const std::string& note : plan.notes) absl::StrAppend(&text, "note       ", Printable(note), "\n");
  absl::StrAppend(&text, "sequence   ", plan.data.sequences ? "at most " : "",
                  Counted(plan.data.sequences ? plan.data.sequences->longest : spec.length, "step"), " x ",
                  Counted(spec.batch, "sequence"), "; ", Counted(plan.links, "link"), " of ",
                  Counted(plan.link, "step"), "\n");
  absl::StrAppend(&text, "plan       ", std::string(ToString(spec.strategy)), ": ",
                  Counted(plan.plan.forward_count, "link forward"),
                  absl::StrFormat(" a batch (%.2f a link), predicted ", RecomputeRatio(plan)),
                  SecondsText(PredictedSeconds(plan)), " a batch\n");
  if (plan.data.sequences) {
    absl::StrAppend(&text, "           that is the longest batch; ", Counted(plan.plans, "plan"),
                    " in one memory, one for each number of links\n");
  }
  absl::StrAppend(&text, "memory     planned peak ", FormatBytesRounded(plan.ledger.total()), "; store-all would need ",
                  FormatBytesRounded(plan.store_all_bytes), "\n");
  absl::StrAppend(
      &text, "           activations ", FormatBytesRounded(plan.ledger.activations()), ", ",
      PercentText(static_cast<double>(plan.ledger.activations()), static_cast<double>(StoreAllActivations(plan))),
      " of store-all's ", FormatBytesRounded(StoreAllActivations(plan)), "\n");
  absl::StrAppend(&text, "           ", LedgerText(plan.ledger), "\n");
  if (plan.evaluation_bytes > 0) {
    absl::StrAppend(&text, "           and ", FormatBytesRounded(plan.evaluation_bytes), " while it evaluates, every ",
                    CountText(spec.evaluate_every), spec.evaluate_every == 1 ? " step\n" : " steps\n");
  }
  if (spec.host_memory > 0) absl::StrAppend(&text, HostText(spec, plan));
  return text;
}

std::string JobReportText(const JobSpec& spec, const JobPlan& plan, const JobReport& report) {
  std::string text;
  absl::StrAppend(&text, "trained    ", Counted(report.steps, "step"),
                  report.ended_by_time ? absl::StrCat(" of ", CountText(spec.steps), ", ended by --max-time") : "",
                  absl::StrFormat(", last loss %.3f (", report.loss), MetricText(report.metric), "), ",
                  SecondsText(report.seconds_per_batch), " a batch (predicted ",
                  SecondsText(report.predicted_seconds_per_batch), ")\n");
  absl::StrAppend(&text, "speed      ", CountText(std::llround(report.predictions_per_second)),
                  " predictions per second");
  if (plan.data.sequences)
    absl::StrAppend(&text, ", ", PercentText(report.padding_share, 1), " of the work is padding");
  text += "\n";
  if (report.evaluation) {
    absl::StrAppend(&text, "held out   ", MetricText(*report.evaluation), " on ",
                    Counted(plan.data.held_out, plan.data.unit), "\n");
  }
  absl::StrAppend(&text, "memory     measured peak ", CountText(report.measured_peak_bytes), " bytes, planned ",
                  CountText(report.planned_peak_bytes), "; the whole process at most ",
                  FormatBytesRounded(report.resident_peak_bytes), " in physical memory\n");
  if (spec.host_memory > 0) {
    absl::StrAppend(&text, "           on the host ", CountText(report.measured_host_peak_bytes), " bytes, planned ",
                    CountText(report.planned_host_peak_bytes), "\n");
  }
  if (!spec.save_path.empty()) absl::StrAppend(&text, "saved      ", Printable(spec.save_path), "\n");
  absl::StrAppend(&text, "weights    sha256 ", report.weights_sha256, "\n");
  return text;
}

std::string MetricText(const Metric& metric) { return absl::StrFormat("%.3f %s", metric.value, metric.unit); }

Json MetricJson(const Metric& metric) {
  return {{"name", metric.name}, {"value", metric.value}, {"unit", metric.unit}};
}

Json LedgerJson(const Ledger& ledger) {
  Json json = Json::object();
  for (int kind = 0; kind < kMemoryKinds; ++kind) {
    json[std::string(ToString(static_cast<MemoryKind>(kind)))] = ledger.bytes[static_cast<size_t>(kind)];
  }
  return json;
}

Json JobPlanJson(const JobSpec& spec, const JobPlan& plan) {
  Json json = {{"strategy", std::string(ToString(spec.strategy))},
               {"planned_peak_bytes", plan.ledger.total()},
               {"ledger", LedgerJson(plan.ledger)},
               {"activation_bytes", plan.ledger.activations()},
               {"store_all_bytes", plan.store_all_bytes},
               {"store_all_activation_bytes", StoreAllActivations(plan)},
               {"forward_count_per_batch", plan.plan.forward_count},
               {"recompute_ratio", RecomputeRatio(plan)},
               {"predicted_seconds_per_batch", PredictedSeconds(plan)},
               {"link", plan.link},
               {"links", plan.links},
               {"state_bytes", plan.state_bytes},
               {"tape_bytes", plan.tape_bytes},
               {"store_budget_bytes", plan.store_budget_bytes},
               {"store_peak_bytes", plan.plan.peak_bytes},
               {"host_memory_bytes", spec.host_memory},
               {"host_bytes", plan.host_bytes},
               {"host_stores_per_batch", plan.host.writes},
               {"host_fetches_per_batch", plan.host.reads},
               {"host_store_seconds", plan.transfers.store_seconds},
               {"host_fetch_seconds", plan.transfers.fetch_seconds},
               {"parameters", plan.parameters},
               {"train_" + plan.data.unit + "s", plan.data.train},
               {"holdout_" + plan.data.unit + "s", plan.data.held_out},
               {"plans", plan.plans},
               {"evaluation_bytes", plan.evaluation_bytes},
               {"device", plan.device},
               {"notes", plan.notes}};
  if (plan.data.sequences) {
    const SequenceSummary& sequences = *plan.data.sequences;
    json["sequences"] = {{"count", sequences.count},       {"empty", sequences.empty},   {"cut", sequences.cut},
                         {"shortest", sequences.shortest}, {"median", sequences.median}, {"longest", sequences.longest},
                         {"held_out", sequences.held_out}};
  }
  return json;
}

Json StepJson(const StepRecord& record) {
  return {{"type", "step"},
          {"step", record.step},
          {"predictions", record.predictions},
          {"positions", record.positions},
          {"loss", record.loss},
          {"metric", MetricJson(record.metric)},
          {"gradient_norm", record.gradient_norm},
          {"learning_rate", record.learning_rate},
          {"seconds", record.seconds},
          {"batch_seconds", record.batch_seconds},
          {"prediction_ratio", record.prediction_ratio},
          {"measured_peak_bytes", record.measured_peak_bytes},
          {"measured_host_peak_bytes", record.measured_host_peak_bytes},
          {"plain_forwards", record.plain_forwards},
          {"taped_forwards", record.taped_forwards}};
}

void AddReport(const JobSpec& spec, const JobReport& report, Json& json) {
  json["steps"] = report.steps;
  json["ended_by_time"] = report.ended_by_time;
  json["loss"] = report.loss;
  json["metric"] = MetricJson(report.metric);
  if (report.evaluation) json["evaluation"] = MetricJson(*report.evaluation);
  json["planned_peak_bytes"] = report.planned_peak_bytes;
  json["measured_peak_bytes"] = report.measured_peak_bytes;
  json["planned_host_peak_bytes"] = report.planned_host_peak_bytes;
  json["measured_host_peak_bytes"] = report.measured_host_peak_bytes;
  json["resident_peak_bytes"] = report.resident_peak_bytes;
  json["forward_count_per_batch"] = report.forward_count_per_batch;
  json["seconds_per_batch"] = report.seconds_per_batch;
  json["predictions_per_second"] = report.predictions_per_second;
  json["padding_share"] = report.padding_share;
  json["predicted_seconds_per_batch"] = report.predicted_seconds_per_batch;
  json["weights_sha256"] = report.weights_sha256;
  if (!spec.save_path.empty()) json["save_path"] = spec.save_path;
}

}  // namespace recurve
