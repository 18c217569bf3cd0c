// SPDX-License-Identifier: Apache-2.0
//
// --loss-csv and --loss-svg: the losses of a training in files.
#ifndef RECURVE_CLIENT_CLI_LOSS_RECORD_H_
#define RECURVE_CLIENT_CLI_LOSS_RECORD_H_

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/output_file.h"
#include "client/pictures/learning_curve.h"
#include "executor/job/training_job.h"

namespace recurve {

struct LossFiles {
  std::string csv, svg;  // paths; empty: not wanted
};

// The CSV is written line by line while the training goes on, so that it can be followed, each line when the next step
// is done; the picture is written at the end. Not thread-safe.
class LossRecord {
 public:
  // Replaces the CSV of an earlier training. INVALID_ARGUMENT when there is any other file; errors as of OutputFile.
  static absl::StatusOr<std::unique_ptr<LossRecord>> Open(const LossFiles& files);

  void AddStep(const StepRecord& record);
  void AddHeldOut(int64_t step, const Metric& metric);
  // When training has ended, however it did. Names the file that could not be written.
  absl::Status Finish(const std::string& subject);

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  explicit LossRecord(const LossFiles& files) : files_(files) {}
  absl::Status OpenFiles();
  void WriteRow();

  const LossFiles files_;
  std::unique_ptr<std::FILE, Closer> csv_;
  std::optional<OutputFile> svg_;
  LearningCurve curve_;
  std::optional<StepRecord> step_;  // the row that is to be written
  std::optional<double> held_out_;  // of that step
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_LOSS_RECORD_H_
