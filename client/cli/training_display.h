// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_TRAINING_DISPLAY_H_
#define RECURVE_CLIENT_CLI_TRAINING_DISPLAY_H_

#include <cstdint>
#include <string>

#include "executor/job/training_job.h"

namespace recurve {

// Something that a person should know of a job: a line on stderr, or with `json` an object {"type": "note"} on stdout.
void PrintNote(const std::string& note, bool json);

// Each step as a JSON object on a line of stdout.
class JsonDisplay final : public JobObserver {
 public:
  void OnStep(const StepRecord& record) override;
  void OnNote(const std::string& note) override;  // as {"type": "note", "note": ...}
  void OnPredictionMissed(const StepRecord& record) override;
};

// Progress for people on stdout: a bar that stays on its line when stdout is a terminal, about twenty lines otherwise.
// Not thread-safe.
class ProgressDisplay final : public JobObserver {
 public:
  ProgressDisplay(int64_t steps, int64_t planned_peak_bytes);
  ~ProgressDisplay() override;  // ends the line of the bar

  void OnStep(const StepRecord& record) override;
  void OnNote(const std::string& note) override;
  void OnPredictionMissed(const StepRecord& record) override;

 private:
  void EndLine();
  void DrawBar(const StepRecord& record, double steps_per_second);
  void PrintLine(const StepRecord& record, double steps_per_second) const;
  std::string TimeLeft(const StepRecord& record, double steps_per_second) const;

  const int64_t steps_, planned_peak_bytes_;
  const bool terminal_;
  int64_t seen_ = 0;    // steps
  double seconds_ = 0;  // that they took
  // Decided with the first step.
  int bar_width_ = 0;
  int parts_shown_ = 0;  // of what is told beside the bar
  bool line_open_ = false;
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_TRAINING_DISPLAY_H_
