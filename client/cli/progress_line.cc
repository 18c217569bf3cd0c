// SPDX-License-Identifier: Apache-2.0
#include "client/cli/progress_line.h"

#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/job_text.h"
#include "client/cli/terminal.h"
#include "planner_service/text/number_text.h"

namespace recurve {
namespace {

constexpr std::chrono::milliseconds kRedrawEvery{200};
constexpr std::chrono::seconds kTellEvery{5};  // without a terminal

}  // namespace

std::string Gauge(int64_t done, int64_t all, int width) {
  const double share = std::clamp(static_cast<double>(done) / static_cast<double>(std::max<int64_t>(1, all)), 0.0, 1.0);
  const auto filled = static_cast<size_t>(share * width);
  return absl::StrCat("[", std::string(filled, '#'), std::string(static_cast<size_t>(width) - filled, '.'), "] ");
}

std::string RateText(double rate) { return rate < 100 ? absl::StrFormat("%.3g", rate) : absl::StrFormat("%.0f", rate); }

ProgressLine::ProgressLine(std::FILE* stream) : stream_(stream), terminal_(isatty(fileno(stream)) != 0) {}

void ProgressLine::Show(const std::string& text) {
  if (terminal_) {
    const int width = TerminalWidth(fileno(stream_)) - 1;  // the last column would wrap
    std::fprintf(stream_, "\r%s\033[K", text.substr(0, static_cast<size_t>(std::max(0, width))).c_str());
  } else {
    std::fprintf(stream_, "%s\n", text.c_str());
  }
  open_ = terminal_;
  std::fflush(stream_);
}

void ProgressLine::End() {
  if (std::exchange(open_, false)) std::fputs("\n", stream_);
  std::fflush(stream_);
}

void ProgressLine::Clear() {
  if (std::exchange(open_, false)) std::fputs("\r\033[K", stream_);
  std::fflush(stream_);
}

void EvaluationProgressLine::Show(int64_t done, int64_t bytes) {
  const Clock::time_point now = Clock::now();
  if (begin_ == Clock::time_point()) begin_ = shown_ = now;
  if (now - shown_ < (line_.terminal() ? kRedrawEvery : kTellEvery)) return;
  shown_ = now;
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  const double left = seconds * static_cast<double>(bytes - done) / static_cast<double>(std::max<int64_t>(1, done));
  line_.Show(absl::StrCat("evaluated ", CountText(done), " of ", CountText(bytes), " ", what_, "  ETA ",
                          SecondsText(std::max(0.0, left))));
}

}  // namespace recurve
