// SPDX-License-Identifier: Apache-2.0
#include "client/cli/training_display.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/job_text.h"
#include "client/cli/terminal.h"
#include "executor/job/prediction_drift.h"
#include "planner_service/text/printable.h"
#include "planner_service/units/number_text.h"
#include "planner_service/units/units.h"

namespace recurve {
namespace {

constexpr int kLines = 20;  // of progress where there is no terminal
constexpr int kNarrowestBar = 16;
constexpr int kWidestBar = 40;

std::string Bar(int64_t done, int64_t all, int width) {
  const double share = std::clamp(static_cast<double>(done) / static_cast<double>(all), 0.0, 1.0);
  const auto filled = static_cast<size_t>(share * width);
  return absl::StrCat("[", std::string(filled, '#'), std::string(static_cast<size_t>(width) - filled, '.'), "] ");
}

std::string RateText(double rate) { return rate < 100 ? absl::StrFormat("%.3g", rate) : absl::StrFormat("%.0f", rate); }

}  // namespace

void PrintNote(const std::string& note, bool json) {
  if (json) {
    PrintJson({{"type", "note"}, {"note", note}});
  } else {
    std::fprintf(stderr, "recurve: note: %s\n", Printable(note).c_str());
  }
}

void JsonDisplay::OnStep(const StepRecord& record) { PrintJson(StepJson(record)); }

void JsonDisplay::OnPredictionMissed(const StepRecord& record) {
  PrintNote(MissedPredictionNote(record.step, record.prediction_ratio), /*json=*/true);
}

void JsonDisplay::OnNote(const std::string& note) { PrintNote(note, /*json=*/true); }

ProgressDisplay::ProgressDisplay(int64_t steps, int64_t planned_peak_bytes)
    : steps_(std::max<int64_t>(1, steps)),
      planned_peak_bytes_(planned_peak_bytes),
      terminal_(isatty(STDOUT_FILENO) != 0) {}

ProgressDisplay::~ProgressDisplay() { EndLine(); }

void ProgressDisplay::EndLine() {
  if (line_open_) std::fputs("\n", stdout);
  line_open_ = false;
  std::fflush(stdout);
}

void ProgressDisplay::OnPredictionMissed(const StepRecord& record) {
  OnNote(MissedPredictionNote(record.step, record.prediction_ratio));
}

std::string ProgressDisplay::TimeLeft(const StepRecord& record, double steps_per_second) const {
  return "ETA " + SecondsText(static_cast<double>(steps_ - record.step) / steps_per_second);
}

void ProgressDisplay::DrawBar(const StepRecord& record, double steps_per_second) {
  std::string numbers = absl::StrCat(record.step, "/", steps_);
  const std::string parts[] = {
      // the most wanted first: what leaves no room for the bar is left out
      absl::StrFormat(" loss %.3f (", record.loss) + BitsText(record.loss) + " bits)",
      " " + TimeLeft(record, steps_per_second), absl::StrCat(" ", RateText(steps_per_second), "/s"),
      " peak " + FormatBytesRounded(record.measured_peak_bytes) + "/" + FormatBytesRounded(planned_peak_bytes_)};
  const int width = TerminalWidth() - 1;  // the last column would wrap
  if (bar_width_ == 0) {
    constexpr int kRoomToGrow = 6;
    int room = width - static_cast<int>(numbers.size()) - kRoomToGrow - kNarrowestBar;
    for (const std::string& part : parts) {
      if (static_cast<int>(part.size()) > room) break;
      room -= static_cast<int>(part.size());
      ++parts_shown_;
    }
    bar_width_ = std::clamp(kNarrowestBar + room, kNarrowestBar, kWidestBar);
  }
  for (int i = 0; i < parts_shown_; ++i) numbers += parts[i];
  const std::string line = Bar(record.step, steps_, bar_width_) + numbers;
  std::printf("\r%s\033[K", line.substr(0, static_cast<size_t>(std::max(0, width))).c_str());
  std::fflush(stdout);
  line_open_ = true;
}

void ProgressDisplay::PrintLine(const StepRecord& record, double steps_per_second) const {
  std::printf("step %lld/%lld  loss %.3f (%s bits/byte)  %s steps/s  peak %s of %s planned  %s\n",
              static_cast<long long>(record.step), static_cast<long long>(steps_), record.loss,
              BitsText(record.loss).c_str(), RateText(steps_per_second).c_str(),
              FormatBytesRounded(record.measured_peak_bytes).c_str(), FormatBytesRounded(planned_peak_bytes_).c_str(),
              TimeLeft(record, steps_per_second).c_str());
  std::fflush(stdout);
}

void ProgressDisplay::OnStep(const StepRecord& record) {
  ++seen_;
  seconds_ += record.seconds;
  const double steps_per_second = static_cast<double>(seen_) / std::max(1e-9, seconds_);
  if (terminal_) {
    DrawBar(record, steps_per_second);
  } else if (record.step == 1 || record.step == steps_ || record.step % ((steps_ - 1) / kLines + 1) == 0) {
    PrintLine(record, steps_per_second);
  }
}

void ProgressDisplay::OnNote(const std::string& note) {
  EndLine();
  PrintNote(note, /*json=*/false);
}

}  // namespace recurve
