// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_JOB_TRAINING_DATA_H_
#define RECURVE_EXECUTOR_JOB_TRAINING_DATA_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
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
  // What TextCorpus::Open returns; INVALID_ARGUMENT when there is not enough text to train on.
  static absl::StatusOr<TrainingData> Open(const JobSpec& spec);

  BatchSource& batches() { return *batches_; }
  int64_t train_bytes() const { return static_cast<int64_t>(corpus_->bytes().size()) - holdout_bytes_; }
  int64_t holdout_bytes() const { return holdout_bytes_; }
  // What is held in memory to find the batches.
  int64_t process_bytes() const { return batches_->HeldBytes(); }
  const std::optional<LineSummary>& lines() const { return lines_; }  // none: windows
  // Every length that the longest sequence of a batch may have, in steps, increasing.
  const std::vector<int64_t>& lengths() const { return lengths_; }

  // Bits per byte of the held-out part; none when there is nothing in it.
  absl::StatusOr<std::optional<double>> Evaluate(const Model& model, Backend& backend, const CancelCheck& cancelled,
                                                 const EvaluationProgress& progress = {}) const;

 private:
  explicit TrainingData(std::unique_ptr<TextCorpus> corpus) : corpus_(std::move(corpus)) {}
  absl::Status CutWindows(const JobSpec& spec);
  absl::Status CutLines(const JobSpec& spec);
  std::span<const uint8_t> train() const { return corpus_->bytes().first(static_cast<size_t>(train_bytes())); }
  std::span<const uint8_t> holdout() const { return corpus_->bytes().last(static_cast<size_t>(holdout_bytes_)); }

  std::unique_ptr<TextCorpus> corpus_;
  int64_t holdout_bytes_ = 0;
  std::unique_ptr<BatchSource> batches_;
  std::optional<LineSummary> lines_;
  std::vector<int64_t> lengths_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_TRAINING_DATA_H_
