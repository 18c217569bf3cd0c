// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_PROGRESS_LINE_H_
#define RECURVE_CLIENT_CLI_PROGRESS_LINE_H_

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

namespace recurve {

// How far something has come: one line of a terminal, drawn again and again, or else a line each time. Not thread-safe.
class ProgressLine {
 public:
  explicit ProgressLine(std::FILE* stream);
  ~ProgressLine() { End(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  bool terminal() const { return terminal_; }

  void Show(const std::string& text);
  void End();    // a terminal goes on below the line
  void Clear();  // a terminal goes on in place of the line

 private:
  std::FILE* const stream_;
  const bool terminal_;
  bool open_ = false;
};

// How much of a text has been evaluated, in a line that says how long the rest will take; nothing of evaluations that
// are soon over.
class EvaluationProgressLine {
 public:
  // `what` is evaluated, such as "bytes held out".
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
