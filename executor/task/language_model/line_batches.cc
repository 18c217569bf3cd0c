// SPDX-License-Identifier: Apache-2.0
#include "executor/task/language_model/line_batches.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/task/language_model/permutation.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr int64_t kAhead = 8192;    // bytes to read per line: few, because the lines of a pool are short and far apart
constexpr int64_t kWholePass = -1;  // instead of a pool number

uint64_t KeyOf(uint64_t seed, int64_t epoch, int64_t pool) {
  return seed * 0x9E3779B97F4A7C15 + static_cast<uint64_t>(epoch) * 0xD1B54A32D192ED03 +
         static_cast<uint64_t>(pool) * 0x8CB92BA72F3D8DD7;
}

}  // namespace

absl::StatusOr<LineBatches> LineBatches::Create(const Text& text, int64_t batch, int64_t length, uint64_t seed,
                                                const StopCheck& stop) {
  if (batch < 1) return absl::InvalidArgumentError(absl::StrCat("batch is ", batch, "; must be at least 1"));
  if (length < 1) return absl::InvalidArgumentError(absl::StrCat("length is ", length, "; must be at least 1"));
  ASSIGN_OR_RETURN(Lines lines, Lines::Find(text, length, stop));
  RETURN_IF_ERROR(lines.CheckLineEnds());
  if (lines.count() == 0) {
    return absl::InvalidArgumentError(absl::StrCat("the ", text.size(), " bytes of text to train on have ",
                                                   lines.empty(),
                                                   " lines, all of them empty; use a text with non-empty lines"));
  }
  return LineBatches(std::move(lines), batch, seed);
}

absl::Status LineBatches::DrawPool(int64_t epoch, int64_t pool, const StopCheck& stop) {
  pool_number_ = -1;  // no pool is valid after an error
  const Permutation permutation(lines_.count(), KeyOf(seed_, epoch, kWholePass));
  const int64_t first = pool * kPoolBatches * batch_;
  const int64_t last = std::min(first + kPoolBatches * batch_, lines_.count());
  std::vector<int64_t> lines(static_cast<size_t>(last - first));
  for (int64_t i = first; i < last; ++i) lines[static_cast<size_t>(i - first)] = permutation(i);
  std::sort(lines.begin(), lines.end());  // read in file order
  RETURN_IF_ERROR(FillPool(lines, stop));
  const int64_t batches = (last - first + batch_ - 1) / batch_;
  const Permutation shuffle(batches, KeyOf(seed_, epoch, pool));
  order_.resize(static_cast<size_t>(batches));
  std::iota(order_.begin(), order_.end(), 0);
  std::transform(order_.begin(), order_.end(), order_.begin(), shuffle);
  pool_epoch_ = epoch;
  pool_number_ = pool;
  return absl::OkStatus();
}

absl::Status LineBatches::FillPool(const std::vector<int64_t>& lines, const StopCheck& stop) {
  constexpr size_t kLinesPerCheck = 1024;
  pool_.clear();
  pool_.reserve(lines.size());
  TextView view(lines_.text(), kAhead);
  for (const int64_t line : lines) {
    if (pool_.size() % kLinesPerCheck == 0) {
      RETURN_IF_ERROR(CheckStop(stop));
    }
    ASSIGN_OR_RETURN(const TextSpan sequence, lines_.Locate(line, view));
    pool_.push_back(sequence);
  }
  std::sort(pool_.begin(), pool_.end(), [](const TextSpan& a, const TextSpan& b) {
    return std::tie(a.steps, a.begin) < std::tie(b.steps, b.begin);
  });
  return absl::OkStatus();
}

absl::StatusOr<std::span<const TextSpan>> LineBatches::Take(int64_t index, const StopCheck& stop) {
  const int64_t epoch = index / batches_per_epoch();
  const int64_t within = index % batches_per_epoch();
  if (pool_epoch_ != epoch || pool_number_ != within / kPoolBatches) {
    RETURN_IF_ERROR(DrawPool(epoch, within / kPoolBatches, stop));
  }
  // Counted from the longest line down, so that an incomplete batch has the shortest ones.
  const int64_t end = static_cast<int64_t>(pool_.size()) - order_[static_cast<size_t>(within % kPoolBatches)] * batch_;
  const int64_t begin = std::max<int64_t>(0, end - batch_);
  return std::span<const TextSpan>(pool_).subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
}

int64_t LineBatches::HeldBytes() const {
  const int64_t pool = std::min(kPoolBatches * batch_, lines_.count());
  // Drawing a pool also holds the numbers of its lines.
  constexpr int64_t kPerLine = sizeof(TextSpan) + sizeof(int64_t);
  return lines_.HeldBytes() + pool * kPerLine + kPoolBatches * static_cast<int64_t>(sizeof(int64_t)) + kAhead;
}

absl::StatusOr<int64_t> LineBatches::StepsOf(int64_t index, const StopCheck& stop) {
  ASSIGN_OR_RETURN(const std::span<const TextSpan> sequences, Take(index, stop));
  return sequences.back().steps;
}

absl::Status LineBatches::Fill(int64_t index, const TokenRows& batch, const StopCheck& stop) {
  ASSIGN_OR_RETURN(const std::span<const TextSpan> sequences, Take(index, stop));
  std::fill_n(batch.tokens.lengths, batch_, 0);
  std::transform(sequences.begin(), sequences.end(), batch.tokens.lengths,
                 [](const TextSpan& sequence) { return static_cast<int32_t>(sequence.steps); });
  return FillFrom(lines_.text(), sequences, batch_, batch, stop);
}

}  // namespace recurve
