// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_LIVE_VIEW_H_
#define RECURVE_CLIENT_CLI_LIVE_VIEW_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/pictures/learning_curve.h"
#include "executor/job/training_job.h"

namespace recurve {

// A job on a terminal, as a few lines that are redrawn in place: progress, the loss as a curve, memory against the
// plan, speed, and when the job will end. Lines printed in between appear above it. Not thread-safe.
class LiveView {
 public:
  // What is known of the job; may change while it runs.
  struct Job {
    int64_t steps = 1;
    double max_seconds = 0;  // 0: no limit
    int64_t planned_peak_bytes = 0;
    int64_t limit_bytes = 0;  // what it may use; 0: unknown
  };

  void SetJob(const Job& job);
  // "running", "paused"; there is a forecast only while the job runs.
  void SetState(const std::string& state, bool runs);
  void AddStep(const StepRecord& record);
  void AddHeldOut(int64_t step, const Metric& metric);

  void Redraw();                        // at most every 100 ms
  void Clear();                         // output replaces the view; the next Redraw shows it again
  void Print(const std::string& line);  // above the view
  void End();                           // shows the last state, and output continues below

 private:
  using Clock = std::chrono::steady_clock;

  std::vector<std::string> Lines() const;
  std::string LossLine(int width) const;
  std::string MemoryLine(int width) const;
  std::string EndLine() const;
  void Draw();

  Job job_;
  std::string state_;
  bool runs_ = true;
  LearningCurve curve_;
  std::optional<StepRecord> last_;
  std::optional<Metric> held_out_;
  double step_seconds_ = 0;  // smoothed
  double trained_seconds_ = 0;
  int64_t seen_ = 0;  // steps
  bool changed_ = false;
  size_t shown_lines_ = 0;
  Clock::time_point drawn_;
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_LIVE_VIEW_H_
