// SPDX-License-Identifier: Apache-2.0
#include "executor/job/training_data.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "executor/data/line_batches.h"

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

absl::StatusOr<TrainingData> TrainingData::Open(const JobSpec& spec) {
  absl::StatusOr<std::unique_ptr<TextCorpus>> corpus = TextCorpus::Open(spec.data_path);
  if (!corpus.ok()) return corpus.status();
  TrainingData data(*std::move(corpus));
  const auto size = static_cast<double>(data.corpus_->bytes().size());
  data.holdout_bytes_ = static_cast<int64_t>(std::floor(spec.holdout * size));
  const absl::Status status = spec.sequences == Sequences::kLines ? data.CutLines(spec) : data.CutWindows(spec);
  if (!status.ok()) return status;
  return data;
}

absl::Status TrainingData::CutWindows(const JobSpec& spec) {
  absl::StatusOr<WindowBatches> windows = WindowBatches::Create(train(), spec.batch, spec.length);
  if (!windows.ok()) return windows.status();
  batches_ = std::make_unique<WindowBatches>(*windows);
  lengths_ = {spec.length};
  return absl::OkStatus();
}

absl::Status TrainingData::CutLines(const JobSpec& spec) {
  // What is held out begins with a line: the one that the boundary falls into is trained on.
  if (holdout_bytes_ > 0 && train().back() != kLineEnd) {
    const auto end = std::find(holdout().begin(), holdout().end(), kLineEnd);
    holdout_bytes_ = end == holdout().end() ? 0 : holdout().end() - end - 1;
  }
  absl::StatusOr<LineBatches> lines = LineBatches::Create(train(), spec.batch, spec.length, spec.seed);
  if (!lines.ok()) return lines.status();
  lines_ = {.lines = lines->lines().count(),
            .empty = lines->lines().empty(),
            .cut = lines->cut(),
            .shortest = lines->lengths().begin()->first,
            .median = Median(lines->lengths(), lines->lines().count()),
            .longest = lines->longest(),
            .held_out = Lines(holdout()).count()};
  for (const auto& [length, count] : lines->lengths()) lengths_.push_back(length);
  batches_ = std::make_unique<LineBatches>(*std::move(lines));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<double>> TrainingData::Evaluate(const Model& model, Backend& backend,
                                                             const CancelCheck& cancelled,
                                                             const EvaluationProgress& progress) const {
  if (lines_ ? lines_->held_out == 0 : holdout_bytes_ < 2) return std::nullopt;
  const Lines lines(lines_ ? holdout() : std::span<const uint8_t>());
  const auto line = [&](int64_t i) { return lines.Line(i, holdout_bytes_); };
  return lines_ ? EvaluateLinesBitsPerByte(model, lines.count(), line, backend, cancelled, progress)
                : EvaluateBitsPerByte(model, holdout(), backend, cancelled, progress);
}

}  // namespace recurve
