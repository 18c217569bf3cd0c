// SPDX-License-Identifier: Apache-2.0
#include "executor/task/language_model/text_data.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "executor/task/language_model/inference.h"
#include "executor/task/language_model/language_model.h"
#include "executor/task/language_model/line_batches.h"
#include "executor/task/language_model/lines.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

// The smallest length that at least half of the sequences do not exceed.
int64_t MedianLength(const LengthCounts& lengths, int64_t sequences) {
  int64_t seen = 0;
  for (const auto& [length, count] : lengths) {
    seen += count;
    if (2 * seen >= sequences) return length;
  }
  return 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TaskData>> TextData::Open(const LanguageModelOptions& options,
                                                         std::shared_ptr<const InputFile> file,
                                                         const BatchOptions& batch, const CancelCheck& cancelled) {
  RETURN_IF_ERROR(CheckText(*file));
  std::unique_ptr<TextData> data(new TextData(options, std::move(file)));
  data->holdout_bytes_ =
      static_cast<int64_t>(std::floor(options.LanguageModelSpec::holdout * static_cast<double>(data->file_->size())));
  RETURN_IF_ERROR(options.ragged() ? data->CutLines(batch, cancelled) : data->CutWindows(batch));
  return data;
}

DataSummary TextData::Summary() const {
  return {.train = train_bytes(), .held_out = holdout_bytes_, .sequences = lines_};
}

absl::Status TextData::Fill(int64_t index, const HostBatch& batch, const CancelCheck& cancelled) {
  Region block(batch.block);
  const TokenBatch tokens = LayOutBatch(batch.shape, block);
  return batches_->Fill(index, {.steps = batch.steps, .tokens = tokens}, cancelled);
}

absl::Status TextData::CutWindows(const BatchOptions& batch) {
  ASSIGN_OR_RETURN(WindowBatches windows, WindowBatches::Create(train(), batch.batch, batch.length));
  batches_ = std::make_unique<WindowBatches>(std::move(windows));
  lengths_ = {batch.length};
  return absl::OkStatus();
}

// Moves the boundary to the next line, so that no line is split.
absl::Status TextData::AlignHoldoutToLine(const CancelCheck& cancelled) {
  TextView view{Text(*file_)};
  for (int64_t begin = train_bytes(); begin < file_->size();) {
    RETURN_IF_ERROR(CheckStop(cancelled));
    // Starts at the byte before the boundary, which may end a line.
    ASSIGN_OR_RETURN(const auto bytes, view.Look(begin - 1, std::min(TextView::kMost, file_->size() - begin + 1)));
    const auto end = std::find(bytes.begin(), bytes.end(), kLineEnd);
    if (end != bytes.end()) {
      holdout_bytes_ = file_->size() - (begin + (end - bytes.begin()));
      return absl::OkStatus();
    }
    begin += std::ssize(bytes);
  }
  holdout_bytes_ = 0;
  return absl::OkStatus();
}

absl::Status TextData::CutLines(const BatchOptions& batch, const CancelCheck& cancelled) {
  RETURN_IF_ERROR(AlignHoldoutToLine(cancelled));
  ASSIGN_OR_RETURN(LineBatches batches, LineBatches::Create(train(), batch.batch, batch.length, batch.seed, cancelled));
  ASSIGN_OR_RETURN(const Lines held_out, Lines::Find(holdout(), batch.length, cancelled));
  const Lines& lines = batches.lines();
  lines_ = {.count = lines.count(),
            .empty = lines.empty(),
            .cut = lines.cut(),
            .shortest = lines.lengths().begin()->first,
            .median = MedianLength(lines.lengths(), lines.count()),
            .longest = lines.longest(),
            .held_out = held_out.count()};
  for (const auto& [length, count] : lines.lengths()) lengths_.push_back(length);
  batches_ = std::make_unique<LineBatches>(std::move(batches));
  return absl::OkStatus();
}

absl::StatusOr<Metric> TextData::Evaluate(const Parameters& parameters, Backend& backend, const CancelCheck& cancelled,
                                          const EvaluationProgress& progress) const {
  ASSIGN_OR_RETURN(const double bits, EvaluateText({options_.model, parameters}, holdout(), options_.sequences, backend,
                                                   cancelled, progress));
  return BitsPerByte(bits);
}

}  // namespace recurve
