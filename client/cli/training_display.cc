// SPDX-License-Identifier: Apache-2.0
#include "client/cli/training_display.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/job_text.h"
#include "client/cli/number_text.h"
#include "planner_service/units/units.h"

namespace recurve {
namespace {

constexpr int kLines = 20;  // of progress where there is no terminal
constexpr int kWidestBar = 40;

int TerminalWidth() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string Bar(int64_t done, int64_t all, int width) {
  const auto filled = static_cast<size_t>(static_cast<double>(done) / static_cast<double>(all) * width);
  return absl::StrCat("[", std::string(filled, '#'), std::string(static_cast<size_t>(width) - filled, '.'), "] ");
}

}  // namespace

void JsonDisplay::OnStep(const StepRecord& record) { PrintJson(StepJson(record)); }

ProgressDisplay::ProgressDisplay(int64_t steps, int64_t planned_peak_bytes)
    : steps_(steps), planned_peak_bytes_(planned_peak_bytes), terminal_(isatty(STDOUT_FILENO) != 0) {}

ProgressDisplay::~ProgressDisplay() {
  if (line_open_) std::fputs("\n", stdout);
  std::fflush(stdout);
}

std::string ProgressDisplay::Numbers(const StepRecord& record) const {
  const double steps_per_second = static_cast<double>(seen_) / std::max(1e-9, seconds_);
  return absl::StrCat("step ", record.step, "/", steps_, absl::StrFormat("  loss %.3f (", record.loss),
                      BitsText(record.loss), absl::StrFormat(" bits/byte)  %.2f steps/s", steps_per_second), "  peak ",
                      FormatBytesRounded(record.measured_peak_bytes), " of ", FormatBytesRounded(planned_peak_bytes_),
                      " planned  ETA ", SecondsText(static_cast<double>(steps_ - record.step) / steps_per_second));
}

void ProgressDisplay::OnStep(const StepRecord& record) {
  ++seen_;
  seconds_ += record.seconds;
  const std::string numbers = Numbers(record);
  if (terminal_) {
    const int width = TerminalWidth() - 1;  // the last column would wrap
    const int bar = std::min(kWidestBar, width - static_cast<int>(numbers.size()) - 3);
    const std::string line = (bar >= 5 ? Bar(record.step, steps_, bar) : "") + numbers;
    std::printf("\r%s\033[K", line.substr(0, static_cast<size_t>(std::max(0, width))).c_str());
    line_open_ = true;
    std::fflush(stdout);
  } else if (record.step == 1 || record.step == steps_ || record.step % ((steps_ + kLines - 1) / kLines) == 0) {
    std::printf("%s\n", numbers.c_str());
    std::fflush(stdout);
  }
}

}  // namespace recurve
