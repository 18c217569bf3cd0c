// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_TRAINING_DISPLAY_H_
#define RECURVE_CLIENT_CLI_TRAINING_DISPLAY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "client/cli/loss_record.h"
#include "client/cli/progress_line.h"
#include "executor/job/training_job.h"

namespace recurve {

// A note about a job: a line on stderr, or with `json` an object {"type": "note"} on stdout.
void PrintNote(const std::string& note, bool json);

// The base of all training displays: passes losses to the record, if any, and reports failing checkpoints on stderr,
// once until one succeeds.
class TrainingDisplay : public JobObserver {
 public:
  // `steps` of the job; `record` may be null and must outlive this.
  TrainingDisplay(int64_t steps, LossRecord* record, bool json) : steps_(steps), record_(record), json_(json) {}

  void OnStep(const StepRecord& record) final;
  void OnResume(int64_t step, const std::vector<LossPoint>& history) final;
  void OnEvaluation(int64_t step, const Metric& metric) final;
  void OnCheckpointDue() final;
  void OnCheckpoint(const CheckpointRecord& record) final;
  void OnCheckpointFailed(int64_t step, const absl::Status& why) final;
  void OnNote(const std::string& note) final;
  void OnPredictionMissed(const StepRecord& record) final;

 protected:
  int64_t steps() const { return steps_; }

 private:
  virtual void ShowStep(const StepRecord& record) = 0;
  virtual void ShowResume(int64_t /*step*/) {}
  // Not for the last step, whose evaluation is part of the result.
  virtual void ShowEvaluation(int64_t step, const Metric& metric) = 0;
  virtual void EndLine() {}  // before a line on stderr

  const int64_t steps_;
  LossRecord* const record_;
  const bool json_;
  bool checkpoint_failing_ = false;
};

// Each step and evaluation as a JSON object on a line of stdout.
class JsonDisplay final : public TrainingDisplay {
 public:
  JsonDisplay(int64_t steps, LossRecord* record) : TrainingDisplay(steps, record, /*json=*/true) {}

 private:
  void ShowStep(const StepRecord& record) override;
  void ShowResume(int64_t step) override;
  void ShowEvaluation(int64_t step, const Metric& metric) override;
};

// Progress as text on stdout: a bar redrawn in place on a terminal, about twenty lines otherwise. Not thread-safe.
class ProgressDisplay final : public TrainingDisplay {
 public:
  // `max_seconds` may end training before its last step; 0: no limit.
  ProgressDisplay(int64_t steps, double max_seconds, int64_t planned_peak_bytes, LossRecord* record = nullptr);

  void OnEvaluationProgress(int64_t done, int64_t all) override { evaluation_.Show(done, all); }

 private:
  void ShowStep(const StepRecord& record) override;
  void ShowEvaluation(int64_t step, const Metric& metric) override;
  void EndLine() override { line_.End(); }
  void DrawBar(const StepRecord& record, double steps_per_second);
  void PrintLine(const StepRecord& record, double steps_per_second) const;
  std::string TimeLeft(const StepRecord& record, double steps_per_second) const;

  const double max_seconds_;
  const int64_t planned_peak_bytes_;
  ProgressLine line_;
  EvaluationProgressLine evaluation_;
  int64_t seen_ = 0;    // steps
  double seconds_ = 0;  // of those steps
  // Set by the first step.
  int bar_width_ = 0;
  int parts_shown_ = 0;  // beside the bar
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_TRAINING_DISPLAY_H_
