// SPDX-License-Identifier: Apache-2.0
#include "client/cli/live_view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/job_text.h"
#include "client/cli/progress_line.h"
#include "client/cli/terminal.h"
#include "client/cli/text_table.h"
#include "planner_service/text/number_text.h"
#include "planner_service/text/printable.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

constexpr std::chrono::milliseconds kDrawEvery{100};
constexpr int kLabelWidth = 9;
constexpr int kWidestGauge = 40;
constexpr double kNewStepWeight = 0.02;  // at least, in the smoothed duration of a step

// The height of a value as one of eight characters.
const char* Level(double share) {
  static constexpr std::array<const char*, 8> kBlocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static constexpr std::array<const char*, 8> kAscii = {"_", ".", "-", "~", "=", "+", "*", "#"};
  const auto level = static_cast<size_t>(std::clamp(share * 8, 0.0, 7.0));
  return LocaleIsUtf8() ? kBlocks[level] : kAscii[level];
}

// The means of training as at most `width` columns.
std::vector<double> Columns(const LearningCurve& curve, int width) {
  const std::vector<LearningCurve::Point>& points = curve.training();
  const size_t columns = std::min(points.size(), static_cast<size_t>(std::max(1, width)));
  std::vector<double> means;
  for (size_t i = 0; i < columns; ++i) {
    double sum = 0, steps = 0;
    for (size_t p = i * points.size() / columns; p < (i + 1) * points.size() / columns; ++p) {
      sum += points[p].sum;
      steps += static_cast<double>(points[p].steps);
    }
    means.push_back(sum / steps);
  }
  return means;
}

std::string Sparkline(const LearningCurve& curve, int width) {
  const std::vector<double> means = Columns(curve, width);
  if (means.empty()) return "";
  const auto [lowest, highest] = std::minmax_element(means.begin(), means.end());
  const double range = std::max(*highest - *lowest, 1e-9);
  std::string line;
  for (const double mean : means) line += Level((mean - *lowest) / range);
  return line;
}

// "14:03:05", or with the day if that is not within half a day.
std::string ClockText(double seconds_from_now) {
  const std::time_t time = std::time(nullptr) + static_cast<std::time_t>(seconds_from_now);
  std::tm local{};
  localtime_r(&time, &local);
  constexpr double kHalfDay = 12 * 3600;
  std::array<char, 64> text{};
  const size_t size =
      std::strftime(text.data(), text.size(), seconds_from_now < kHalfDay ? "%H:%M:%S" : "%Y-%m-%d %H:%M", &local);
  return {text.data(), size};
}

}  // namespace

void LiveView::SetJob(const Job& job) {
  job_ = job;
  job_.steps = std::max<int64_t>(1, job.steps);
  changed_ = true;
}

void LiveView::SetState(const std::string& state, bool runs) {
  state_ = state;
  runs_ = runs;
  changed_ = true;
}

void LiveView::AddStep(const StepRecord& record) {
  if (last_ && record.step <= last_->step) curve_.ForgetFrom(record.step);
  curve_.AddStep(record.step, record.metric.value);
  last_ = record;
  ++seen_;
  trained_seconds_ += record.seconds;
  const double weight = std::max(1.0 / static_cast<double>(seen_), kNewStepWeight);
  step_seconds_ += weight * (record.seconds - step_seconds_);
  changed_ = true;
}

void LiveView::AddHeldOut(int64_t step, const Metric& metric) {
  curve_.AddHeldOut(step, metric.value);
  held_out_ = metric;
  changed_ = true;
}

std::string LiveView::LossLine(int width) const {
  std::string numbers = absl::StrFormat("  %.3f (%s)", last_->loss, MetricText(last_->metric));
  if (held_out_) absl::StrAppend(&numbers, ", held out ", MetricText(*held_out_));
  return absl::StrCat("loss     ", Sparkline(curve_, width - kLabelWidth - static_cast<int>(numbers.size())), numbers);
}

std::string LiveView::MemoryLine(int width) const {
  const int64_t whole = job_.limit_bytes > 0 ? job_.limit_bytes : job_.planned_peak_bytes;
  std::string numbers = absl::StrCat(FormatBytesRounded(last_->measured_peak_bytes), " of ",
                                     FormatBytesRounded(job_.planned_peak_bytes), " planned");
  if (job_.limit_bytes > 0) absl::StrAppend(&numbers, ", ", FormatBytesRounded(job_.limit_bytes), " allowed");
  return absl::StrCat("memory   ", Gauge(last_->measured_peak_bytes, whole, width), numbers);
}

std::string LiveView::EndLine() const {
  if (!runs_) return absl::StrCat("state    ", state_);
  double left = static_cast<double>(job_.steps - last_->step) * step_seconds_;
  if (job_.max_seconds > 0) left = std::clamp(job_.max_seconds - trained_seconds_, 0.0, std::max(0.0, left));
  return absl::StrCat("end      in ", SecondsText(left), ", at ", ClockText(left));
}

std::vector<std::string> LiveView::Lines() const {
  const int width = TerminalWidth() - 1;  // the last column would wrap
  const int gauge = std::clamp(width - 40, 10, kWidestGauge);
  const double rate = 1 / std::max(1e-9, step_seconds_);
  const double predictions = static_cast<double>(last_->predictions) * rate;
  const auto links = static_cast<double>(std::max<int64_t>(1, last_->taped_forwards));
  std::vector<std::string> lines = {
      absl::StrCat("step     ", Gauge(last_->step, job_.steps, gauge), CountText(last_->step), " of ",
                   CountText(job_.steps), ", ",
                   PercentText(static_cast<double>(last_->step), static_cast<double>(job_.steps))),
      LossLine(width), MemoryLine(gauge),
      absl::StrFormat("speed    %s steps/s, %s predictions/s, %.2f forwards per link", RateText(rate),
                      CountText(std::llround(predictions)),
                      static_cast<double>(last_->plain_forwards + last_->taped_forwards) / links),
      EndLine()};
  for (std::string& line : lines) line = CutToWidth(Printable(line), width);
  return lines;
}

void LiveView::Redraw() {
  if (!changed_ || !last_ || Clock::now() - drawn_ < kDrawEvery) return;
  Draw();
}

void LiveView::Draw() {
  std::string text = shown_lines_ > 0 ? absl::StrCat("\033[", shown_lines_, "A") : "";
  const std::vector<std::string> lines = Lines();
  for (const std::string& line : lines) absl::StrAppend(&text, "\r", line, "\033[K\n");
  shown_lines_ = lines.size();
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
  drawn_ = Clock::now();
  changed_ = false;
}

void LiveView::Clear() {
  if (shown_lines_ == 0) return;
  std::printf("\033[%zuA\r\033[J", shown_lines_);
  std::fflush(stdout);
  shown_lines_ = 0;
  changed_ = true;
}

void LiveView::Print(const std::string& line) {
  const bool shown = shown_lines_ > 0;
  Clear();
  std::printf("%s\n", Printable(line).c_str());
  if (shown) Draw();
  std::fflush(stdout);
}

void LiveView::End() {
  if (last_ && changed_) Draw();
  shown_lines_ = 0;
}

}  // namespace recurve
