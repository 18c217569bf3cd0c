// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_TEXT_DATA_H_
#define RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_TEXT_DATA_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/task/language_model/language_model_options.h"
#include "executor/task/language_model/text_batches.h"
#include "executor/task/language_model/text_corpus.h"
#include "executor/task/task.h"

namespace recurve {

// The data file of a job: batches of the first part, and the last part, held out. Lines are never split. Not
// thread-safe.
class TextData final : public TaskData {
 public:
  // Errors: those of Lines::Find; INVALID_ARGUMENT if there is too little text to train on.
  static absl::StatusOr<std::unique_ptr<TaskData>> Open(const LanguageModelOptions& options,
                                                        std::shared_ptr<const InputFile> file,
                                                        const BatchOptions& batch, const CancelCheck& cancelled);

  DataSummary Summary() const override;
  const std::vector<int64_t>& lengths() const override { return lengths_; }
  int64_t HeldBytes() const override { return batches_->HeldBytes(); }
  std::string Change() const override { return file_->Change(); }

  bool StartsAfresh(int64_t index) const override { return batches_->StartsAfresh(index); }
  absl::StatusOr<int64_t> StepsOf(int64_t index, const CancelCheck& cancelled) override {
    return batches_->StepsOf(index, cancelled);
  }
  absl::Status Fill(int64_t index, const HostBatch& batch, const CancelCheck& cancelled) override;

  bool holds_out() const override { return lines_ ? lines_->held_out > 0 : holdout_bytes_ >= 2; }
  absl::StatusOr<Metric> Evaluate(const Parameters& parameters, Backend& backend, const CancelCheck& cancelled,
                                  const EvaluationProgress& progress) const override;

 private:
  TextData(const LanguageModelOptions& options, std::shared_ptr<const InputFile> file)
      : options_(options), file_(std::move(file)) {}
  absl::Status CutWindows(const BatchOptions& batch);
  absl::Status CutLines(const BatchOptions& batch, const CancelCheck& cancelled);
  absl::Status AlignHoldoutToLine(const CancelCheck& cancelled);
  int64_t train_bytes() const { return file_->size() - holdout_bytes_; }
  Text train() const { return Text(*file_).First(train_bytes()); }
  Text holdout() const { return Text(*file_).Last(holdout_bytes_); }

  const LanguageModelOptions options_;
  std::shared_ptr<const InputFile> file_;
  int64_t holdout_bytes_ = 0;
  std::unique_ptr<TextBatches> batches_;
  std::optional<SequenceSummary> lines_;
  std::vector<int64_t> lengths_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TASK_LANGUAGE_MODEL_TEXT_DATA_H_
