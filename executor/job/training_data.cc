// SPDX-License-Identifier: Apache-2.0
#include "executor/job/training_data.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "executor/data/line_batches.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

// The length that half of the sequences do not exceed.
int64_t Median(const LengthCounts& lengths, int64_t sequences) {
  int64_t seen = 0;
  for (const auto& [length, count] : lengths) {
    seen += count;
    if (2 * seen >= sequences) return length;
  }
  return 0;
}

}  // namespace

absl::StatusOr<TrainingData> TrainingData::Open(const JobSpec& spec, const CancelCheck& cancelled) {
  ASSIGN_OR_RETURN(std::unique_ptr<InputFile> file, InputFile::Open(spec.data_path));
  RETURN_IF_ERROR(CheckText(*file));
  TrainingData data(std::move(file));
  data.holdout_bytes_ = static_cast<int64_t>(std::floor(spec.holdout * static_cast<double>(data.file_->size())));
  RETURN_IF_ERROR(spec.sequences == Sequences::kLines ? data.CutLines(spec, cancelled) : data.CutWindows(spec));
  return data;
}

absl::Status TrainingData::CutWindows(const JobSpec& spec) {
  ASSIGN_OR_RETURN(WindowBatches windows, WindowBatches::Create(train(), spec.batch, spec.length));
  batches_ = std::make_unique<WindowBatches>(std::move(windows));
  lengths_ = {spec.length};
  return absl::OkStatus();
}

// What is held out begins with a line: the one that the boundary falls into is trained on.
absl::Status TrainingData::BeginHoldoutWithALine(const CancelCheck& cancelled) {
  TextView view{Text(*file_)};
  for (int64_t begin = train_bytes(); begin < file_->size();) {
    RETURN_IF_ERROR(CheckStop(cancelled));
    // From the byte before the boundary on: it may end a line.
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

absl::Status TrainingData::CutLines(const JobSpec& spec, const CancelCheck& cancelled) {
  RETURN_IF_ERROR(BeginHoldoutWithALine(cancelled));
  ASSIGN_OR_RETURN(LineBatches batches, LineBatches::Create(train(), spec.batch, spec.length, spec.seed, cancelled));
  ASSIGN_OR_RETURN(const Lines held_out, Lines::Find(holdout(), spec.length, cancelled));
  const Lines& lines = batches.lines();
  lines_ = {.lines = lines.count(),
            .empty = lines.empty(),
            .cut = lines.cut(),
            .shortest = lines.lengths().begin()->first,
            .median = Median(lines.lengths(), lines.count()),
            .longest = lines.longest(),
            .held_out = held_out.count()};
  for (const auto& [length, count] : lines.lengths()) lengths_.push_back(length);
  batches_ = std::make_unique<LineBatches>(std::move(batches));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<double>> TrainingData::Evaluate(const Model& model, Backend& backend,
                                                             const CancelCheck& cancelled,
                                                             const EvaluationProgress& progress) const {
  if (!holds_out()) return std::nullopt;
  return lines_ ? EvaluateLinesBitsPerByte(model, holdout(), backend, cancelled, progress)
                : EvaluateBitsPerByte(model, holdout(), backend, cancelled, progress);
}

}  // namespace recurve
