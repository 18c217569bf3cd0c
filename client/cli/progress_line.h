// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_PROGRESS_LINE_H_
#define RECURVE_CLIENT_CLI_PROGRESS_LINE_H_

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

namespace recurve {

// "[####....] ", with `width` marks inside.
std::string Gauge(int64_t done, int64_t all, int width);

std::string RateText(double rate);  // "3.21", "1234": steps or anything else per second

// Progress as one line of a terminal that is redrawn, or as separate lines without a terminal. Not thread-safe.
class ProgressLine {
 public:
  explicit ProgressLine(std::FILE* stream);
  ~ProgressLine() { End(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  bool terminal() const { return terminal_; }

  void Show(const std::string& text);
  void End();    // output continues below the line
  void Clear();  // output replaces the line

 private:
  std::FILE* const stream_;
  const bool terminal_;
  bool open_ = false;
};

// The progress of an evaluation, with the time left; shows nothing for short evaluations.
class EvaluationProgressLine {
 public:
  // `what` is the unit of the evaluation, such as "bytes held out".
  EvaluationProgressLine(ProgressLine& line, std::string what) : line_(line), what_(std::move(what)) {}

  void Restart() { begin_ = {}; }  // before another evaluation
  void Show(int64_t done, int64_t bytes);

 private:
  using Clock = std::chrono::steady_clock;

  ProgressLine& line_;
  const std::string what_;
  Clock::time_point begin_;
  Clock::time_point shown_;  // the last time
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_PROGRESS_LINE_H_
