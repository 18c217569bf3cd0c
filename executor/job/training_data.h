// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_JOB_TRAINING_DATA_H_
#define RECURVE_EXECUTOR_JOB_TRAINING_DATA_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/data/batch_source.h"
#include "executor/data/text_corpus.h"
#include "executor/engine/inference.h"
#include "executor/job/job_spec.h"
#include "executor/model/model_file.h"
#include "planner_service/planning/planner.h"

namespace recurve {

// The sequences of a text of lines. Lengths are in steps, which is one more than the line has bytes, as cut.
struct LineSummary {
  int64_t lines = 0;  // to train on
  int64_t empty = 0;  // left out
  int64_t cut = 0;    // longer than the job's length, of which only the beginning is kept
  int64_t shortest = 0;
  int64_t median = 0;
  int64_t longest = 0;
  int64_t held_out = 0;
};

// The file of a job: its batches, and the last part that is held out of them. Lines are held out whole.
class TrainingData {
 public:
  // What InputFile::Open and Lines::Find return; INVALID_ARGUMENT when there is not enough text to train on.
  static absl::StatusOr<TrainingData> Open(const JobSpec& spec, const CancelCheck& cancelled);

  BatchSource& batches() { return *batches_; }
  int64_t train_bytes() const { return file_->size() - holdout_bytes_; }
  int64_t holdout_bytes() const { return holdout_bytes_; }
  // What is held in memory to find the batches.
  int64_t process_bytes() const { return batches_->HeldBytes(); }
  const std::optional<LineSummary>& lines() const { return lines_; }  // none: windows
  // Every length that the longest sequence of a batch may have, in steps, increasing.
  const std::vector<int64_t>& lengths() const { return lengths_; }

  // Whether there is enough in the held-out part to evaluate on.
  bool holds_out() const { return lines_ ? lines_->held_out > 0 : holdout_bytes_ >= 2; }
  // What happened to the file since it was opened (InputFile::Change).
  std::string Change() const { return file_->Change(); }

  // Bits per byte of the held-out part; none when there is nothing in it.
  absl::StatusOr<std::optional<double>> Evaluate(const Model& model, Backend& backend, const CancelCheck& cancelled,
                                                 const EvaluationProgress& progress = {}) const;

 private:
  explicit TrainingData(std::unique_ptr<InputFile> file) : file_(std::move(file)) {}
  absl::Status CutWindows(const JobSpec& spec);
  absl::Status CutLines(const JobSpec& spec, const CancelCheck& cancelled);
  absl::Status BeginHoldoutWithALine(const CancelCheck& cancelled);
  Text train() const { return Text(*file_).First(train_bytes()); }
  Text holdout() const { return Text(*file_).Last(holdout_bytes_); }

  std::unique_ptr<InputFile> file_;
  int64_t holdout_bytes_ = 0;
  std::unique_ptr<BatchSource> batches_;
  std::optional<LineSummary> lines_;
  std::vector<int64_t> lengths_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_TRAINING_DATA_H_
