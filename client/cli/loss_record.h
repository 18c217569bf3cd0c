// SPDX-License-Identifier: Apache-2.0
//
// --loss-csv and --loss-svg: the losses of a training job in files.
#ifndef RECURVE_CLIENT_CLI_LOSS_RECORD_H_
#define RECURVE_CLIENT_CLI_LOSS_RECORD_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/loss_table.h"
#include "client/cli/output_file.h"
#include "client/pictures/learning_curve.h"
#include "executor/job/training_job.h"

namespace recurve {

struct LossFiles {
  std::string csv, svg;  // paths; empty: not wanted
};

// INVALID_ARGUMENT if the losses would overwrite a file of another kind or go to standard output.
absl::Status CheckLossFiles(const LossFiles& files);

// The CSV is written line by line during training, so that it can be followed, each line when the next step is done;
// the picture is written at the end. Not thread-safe.
class LossRecord {
 public:
  // Replaces the files of an earlier job; if the job `resumes` an earlier one, Resume keeps their rows. Errors as of
  // OutputFile.
  static absl::StatusOr<std::unique_ptr<LossRecord>> Open(const LossFiles& files, bool resumes = false);

  // Before the first step of a job that continues after `step`: writes the rows up to it, those of the earlier table,
  // and for steps that it does not have what `history` has.
  void Resume(int64_t step, const std::vector<LossPoint>& history);
  void AddStep(const StepRecord& record);
  void AddHeldOut(int64_t step, const Metric& metric);
  // Call when training has ended, successfully or not. Errors name the file that could not be written.
  absl::Status Finish(const std::string& subject);

 private:
  explicit LossRecord(const LossFiles& files) : files_(files) {}
  absl::Status OpenFiles();
  void AddRow(const StepRecord& record);
  void WriteRow();

  const LossFiles files_;
  std::optional<OutputFile> csv_, svg_;
  absl::Status csv_status_;
  std::vector<LossRow> earlier_;  // in the table before it was opened
  LearningCurve curve_;
  std::optional<StepRecord> step_;  // the next row to write
  std::optional<double> held_out_;  // of that step
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_LOSS_RECORD_H_
