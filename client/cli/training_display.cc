// SPDX-License-Identifier: Apache-2.0
#include "client/cli/training_display.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/exit_status.h"
#include "client/cli/job_text.h"
#include "client/cli/json.h"
#include "client/cli/terminal.h"
#include "executor/job/prediction_drift.h"
#include "planner_service/text/number_text.h"
#include "planner_service/text/printable.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

constexpr int kLines = 20;  // of progress without a terminal
constexpr int kNarrowestBar = 16;
constexpr int kWidestBar = 40;

}  // namespace

void PrintNote(const std::string& note, bool json) {
  if (json) {
    PrintJson({{"type", "note"}, {"note", note}});
  } else {
    std::fprintf(stderr, "recurve: note: %s\n", Printable(note).c_str());
  }
}

void TrainingDisplay::OnStep(const StepRecord& record) {
  if (record_ != nullptr) record_->AddStep(record);
  ShowStep(record);
}

void TrainingDisplay::OnResume(int64_t step, const std::vector<LossPoint>& history) {
  if (record_ != nullptr) record_->Resume(step, history);
  ShowResume(step);
}

void TrainingDisplay::OnEvaluation(int64_t step, const Metric& metric) {
  if (record_ != nullptr) record_->AddHeldOut(step, metric);
  if (step < steps_) ShowEvaluation(step, metric);
}

void TrainingDisplay::OnCheckpointDue() {
  if (record_ != nullptr) record_->CompleteRow();
}

void TrainingDisplay::OnCheckpoint(const CheckpointRecord& /*record*/) { checkpoint_failing_ = false; }

void TrainingDisplay::OnCheckpointFailed(int64_t step, const absl::Status& why) {
  if (std::exchange(checkpoint_failing_, true)) return;
  EndLine();
  Fail(ExitStatus::kFailed,
       absl::StrCat("the checkpoint after step ", step, " failed: ", why.message(), "; training continues"));
}

void TrainingDisplay::OnNote(const std::string& note) {
  EndLine();
  PrintNote(note, json_);
}

void TrainingDisplay::OnPredictionMissed(const StepRecord& record) {
  OnNote(MissedPredictionNote(record.step, record.prediction_ratio));
}

void JsonDisplay::ShowStep(const StepRecord& record) {
  Json json = {{"type", "step"}};
  json.update(FieldsJson(record));
  PrintJson(json);
}

void JsonDisplay::ShowResume(int64_t step) { PrintJson({{"type", "resumed"}, {"step", step}}); }

void JsonDisplay::ShowEvaluation(int64_t step, const Metric& metric) {
  PrintJson({{"type", "evaluation"}, {"step", step}, {"metric", FieldsJson(metric)}});
}

ProgressDisplay::ProgressDisplay(int64_t steps, double max_seconds, int64_t planned_peak_bytes, LossRecord* record)
    : TrainingDisplay(std::max<int64_t>(1, steps), record, /*json=*/false),
      max_seconds_(max_seconds),
      planned_peak_bytes_(planned_peak_bytes),
      line_(stdout),
      evaluation_(line_, "bytes held out") {}

std::string ProgressDisplay::TimeLeft(const StepRecord& record, double steps_per_second) const {
  double left = static_cast<double>(steps() - record.step) / steps_per_second;
  if (max_seconds_ > 0) left = std::clamp(max_seconds_ - seconds_, 0.0, left);
  return "ETA " + SecondsText(left);
}

void ProgressDisplay::DrawBar(const StepRecord& record, double steps_per_second) {
  std::string numbers = absl::StrCat(record.step, "/", steps());
  const std::string parts[] = {
      // in order of importance: the last are omitted if they leave no room for the bar
      absl::StrFormat(" loss %.3f (%.3f %s)", record.loss, record.metric.value, record.metric.unit),
      " " + TimeLeft(record, steps_per_second), absl::StrCat(" ", RateText(steps_per_second), "/s"),
      " peak " + FormatBytesRounded(record.measured_peak_bytes) + "/" + FormatBytesRounded(planned_peak_bytes_)};
  if (bar_width_ == 0) {
    constexpr int kRoomToGrow = 6;
    int room = TerminalWidth() - 1 - static_cast<int>(numbers.size()) - kRoomToGrow - kNarrowestBar;
    for (const std::string& part : parts) {
      if (static_cast<int>(part.size()) > room) break;
      room -= static_cast<int>(part.size());
      ++parts_shown_;
    }
    bar_width_ = std::clamp(kNarrowestBar + room, kNarrowestBar, kWidestBar);
  }
  for (int i = 0; i < parts_shown_; ++i) numbers += parts[i];
  line_.Show(Gauge(record.step, steps(), bar_width_) + numbers);
}

void ProgressDisplay::PrintLine(const StepRecord& record, double steps_per_second) const {
  std::printf("step %lld/%lld  loss %.3f (%s)  %s steps/s  peak %s of %s planned  %s\n",
              static_cast<long long>(record.step), static_cast<long long>(steps()), record.loss,
              MetricText(record.metric).c_str(), RateText(steps_per_second).c_str(),
              FormatBytesRounded(record.measured_peak_bytes).c_str(), FormatBytesRounded(planned_peak_bytes_).c_str(),
              TimeLeft(record, steps_per_second).c_str());
  std::fflush(stdout);
}

void ProgressDisplay::ShowStep(const StepRecord& record) {
  evaluation_.Restart();
  ++seen_;
  seconds_ += record.seconds;
  const double steps_per_second = static_cast<double>(seen_) / std::max(1e-9, seconds_);
  if (line_.terminal()) {
    DrawBar(record, steps_per_second);
  } else if (record.step == 1 || record.step == steps() || record.step % ((steps() - 1) / kLines + 1) == 0) {
    PrintLine(record, steps_per_second);
  }
}

void ProgressDisplay::ShowEvaluation(int64_t step, const Metric& metric) {
  EndLine();
  std::printf("step %lld/%lld  held out %s\n", static_cast<long long>(step), static_cast<long long>(steps()),
              MetricText(metric).c_str());
  std::fflush(stdout);
}

}  // namespace recurve
