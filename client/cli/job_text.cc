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

std::string HostText(const JobSpec& spec, const JobPlan& plan) {
  return absl::StrCat("           host memory ", FormatBytesRounded(plan.host_bytes), " of states, of the ",
                      FormatBytesRounded(spec.host_memory), " allowed; per batch ", Counted(plan.host.writes, "state"),
                      " written and ", CountText(plan.host.reads), " read\n");
}

// "29,510 of 12 to 529 steps, median 130; 1,540 held out; truncated: 3; empty, ignored: 12"
std::string SequencesText(const SequenceSummary& lines) {
  std::string text =
      absl::StrCat(CountText(lines.count), " of ", CountText(lines.shortest), " to ", CountText(lines.longest),
                   " steps, median ", CountText(lines.median), "; ", CountText(lines.held_out), " held out");
  if (lines.cut > 0) absl::StrAppend(&text, "; truncated: ", CountText(lines.cut));
  if (lines.empty > 0) absl::StrAppend(&text, "; empty, ignored: ", CountText(lines.empty));
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
                  absl::StrFormat(" per batch (%.2f per link), predicted ", plan.recompute_ratio()),
                  SecondsText(*plan.plan.predicted_seconds), " per batch\n");
  if (plan.data.sequences) {
    absl::StrAppend(&text, "           for the longest batch; ", Counted(plan.plans, "plan"),
                    " in the same memory, one per number of links\n");
  }
  absl::StrAppend(&text, "memory     planned peak ", FormatBytesRounded(plan.ledger.total()), "; store-all would need ",
                  FormatBytesRounded(plan.store_all_bytes), "\n");
  absl::StrAppend(&text, "           activations ", FormatBytesRounded(plan.ledger.activations()), ", ",
                  PercentText(static_cast<double>(plan.ledger.activations()),
                              static_cast<double>(plan.store_all_activation_bytes())),
                  " of store-all's ", FormatBytesRounded(plan.store_all_activation_bytes()), "\n");
  absl::StrAppend(&text, "           ", LedgerText(plan.ledger), "\n");
  if (plan.evaluation_bytes > 0) {
    absl::StrAppend(&text, "           and ", FormatBytesRounded(plan.evaluation_bytes), " during evaluation, every ",
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
                  SecondsText(report.seconds_per_batch), " per batch (predicted ",
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
                  CountText(report.planned_peak_bytes), "; peak resident memory of the process ",
                  FormatBytesRounded(report.resident_peak_bytes), "\n");
  if (spec.host_memory > 0) {
    absl::StrAppend(&text, "           host memory ", CountText(report.measured_host_peak_bytes), " bytes, planned ",
                    CountText(report.planned_host_peak_bytes), "\n");
  }
  if (!spec.save_path.empty()) absl::StrAppend(&text, "saved      ", Printable(spec.save_path), "\n");
  absl::StrAppend(&text, "weights    sha256 ", report.weights_sha256, "\n");
  return text;
}

std::string MetricText(const Metric& metric) { return absl::StrFormat("%.3f %s", metric.value, metric.unit); }

}  // namespace recurve
