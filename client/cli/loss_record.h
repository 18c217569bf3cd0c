// SPDX-License-Identifier: Apache-2.0
//
// --loss-csv, --loss-svg and --tensorboard: the losses of a training job in files.
#ifndef RECURVE_CLIENT_CLI_LOSS_RECORD_H_
#define RECURVE_CLIENT_CLI_LOSS_RECORD_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/loss_table.h"
#include "client/cli/option_values.h"
#include "client/cli/output_file.h"
#include "client/pictures/learning_curve.h"
#include "client/tensorboard/event_file.h"
#include "executor/job/training_job.h"

namespace recurve {

struct LossFiles {
  std::string csv, svg;     // paths; empty: not wanted
  std::string tensorboard;  // a directory

  bool wanted() const { return !csv.empty() || !svg.empty() || !tensorboard.empty(); }
};

// The options that all of these have: --loss-csv, --loss-svg and --tensorboard, under `section`.
void AddLossOptions(const Section& section, LossFiles& files);

// INVALID_ARGUMENT if the losses would overwrite a file of another kind or go to standard output.
absl::Status CheckLossFiles(const LossFiles& files);

// The CSV and the event file are written during training, so that they can be followed, each line of the CSV when the
// next step is done or CompleteRow is called; the picture is written at the end. A step that is not after the last one
// replaces it and all later ones: the job went back to a checkpoint. Not thread-safe.
class LossRecord {
 public:
  // Replaces the files of an earlier job; if the job `resumes` an earlier one, Resume keeps their rows. Errors as of
  // OutputFile.
  static absl::StatusOr<std::unique_ptr<LossRecord>> Open(const LossFiles& files, bool resumes = false);

  // Before the first step of a job that continues after `step`: writes the rows up to it, those of the earlier table,
  // and for steps that it does not have what `history` has.
  void Resume(int64_t step, const std::vector<LossPoint>& history);
  // `time` of the step or evaluation, in seconds since 1970; without it: now.
  void AddStep(const StepRecord& record);
  void AddStep(const StepRecord& record, double time);
  void AddHeldOut(int64_t step, const Metric& metric);
  void AddHeldOut(int64_t step, const Metric& metric, double time);
  // The last step has had its evaluation, if any: its row need not wait for the next step.
  void CompleteRow();
  // Call when training has ended, successfully or not. Errors name the file that could not be written.
  absl::Status Finish(const std::string& subject);

 private:
  explicit LossRecord(const LossFiles& files) : files_(files) {}
  absl::Status OpenFiles();
  void AddRow(const StepRecord& record);
  void WriteRow();
  void GoBackTo(int64_t step, double time);

  const LossFiles files_;
  std::optional<OutputFile> csv_, svg_;
  std::optional<EventFile> events_;
  bool events_started_ = false;
  absl::Status csv_status_, events_status_;
  std::vector<LossRow> earlier_;  // in the table before it was opened
  LearningCurve curve_;
  int64_t last_step_ = 0;
  std::optional<StepRecord> step_;  // the next row to write
  std::optional<double> held_out_;  // of that step
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_LOSS_RECORD_H_
