// SPDX-License-Identifier: Apache-2.0
#include "executor/data/line_batches.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/data/permutation.h"

namespace recurve {
namespace {

// The first newline in `text`, or its size.
int64_t FindEnd(std::span<const uint8_t> text) {
  if (text.empty()) return 0;
  const void* end = std::memchr(text.data(), kLineEnd, text.size());
  return end == nullptr ? static_cast<int64_t>(text.size()) : static_cast<const uint8_t*>(end) - text.data();
}

constexpr int64_t kWholePass = -1;  // in place of a pool

uint64_t KeyOf(uint64_t seed, int64_t epoch, int64_t pool) {
  return seed * 0x9E3779B97F4A7C15 + static_cast<uint64_t>(epoch) * 0xD1B54A32D192ED03 +
         static_cast<uint64_t>(pool) * 0x8CB92BA72F3D8DD7;
}

}  // namespace

Lines::Lines(std::span<const uint8_t> text) : text_(text) {
  const auto size = static_cast<int64_t>(text.size());
  for (int64_t begin = 0; begin < size;) {
    const int64_t bytes = FindEnd(text.subspan(static_cast<size_t>(begin)));
    if (bytes > 0) {
      begins_.push_back(begin);
    } else {
      ++empty_;
    }
    begin += bytes + 1;
  }
}

std::span<const uint8_t> Lines::Line(int64_t i, int64_t most) const {
  const auto rest = text_.subspan(static_cast<size_t>(begins_[static_cast<size_t>(i)]));
  const auto within = rest.first(std::min(rest.size(), static_cast<size_t>(most)));
  return within.first(static_cast<size_t>(FindEnd(within)));
}

absl::StatusOr<LineBatches> LineBatches::Create(std::span<const uint8_t> text, int64_t batch, int64_t length,
                                                uint64_t seed) {
  if (batch < 1) return absl::InvalidArgumentError(absl::StrCat("batch is ", batch, "; it must be at least 1"));
  if (length < 1) return absl::InvalidArgumentError(absl::StrCat("length is ", length, "; it must be at least 1"));
  Lines lines(text);
  if (lines.count() == 0) {
    return absl::InvalidArgumentError(absl::StrCat("the ", text.size(), " bytes of text to train on have ",
                                                   lines.empty(), " lines and all are empty; give a text with lines"));
  }
  return LineBatches(std::move(lines), batch, length, seed);
}

LineBatches::LineBatches(Lines lines, int64_t batch, int64_t length, uint64_t seed)
    : lines_(std::move(lines)), batch_(batch), length_(length), seed_(seed) {
  for (int64_t line = 0; line < lines_.count(); ++line) {
    const int64_t bytes = static_cast<int64_t>(lines_.Line(line, length_).size());
    ++lengths_[std::min(bytes + 1, length_)];
    cut_ += bytes == length_ ? 1 : 0;
  }
}

LineBatches::Sequence LineBatches::SequenceOf(int64_t line) const {
  const auto bytes = static_cast<int64_t>(lines_.Line(line, length_).size());
  return {.line = line, .steps = std::min(bytes + 1, length_)};
}

void LineBatches::DrawPool(int64_t epoch, int64_t pool) {
  const Permutation permutation(lines_.count(), KeyOf(seed_, epoch, kWholePass));
  const int64_t first = pool * kPoolBatches * batch_;
  const int64_t last = std::min(first + kPoolBatches * batch_, lines_.count());
  pool_.clear();
  for (int64_t i = first; i < last; ++i) pool_.push_back(SequenceOf(permutation(i)));
  std::sort(pool_.begin(), pool_.end(),
            [](const Sequence& a, const Sequence& b) { return std::tie(a.steps, a.line) < std::tie(b.steps, b.line); });
  const int64_t batches = (last - first + batch_ - 1) / batch_;
  const Permutation shuffle(batches, KeyOf(seed_, epoch, pool));
  order_.resize(static_cast<size_t>(batches));
  std::iota(order_.begin(), order_.end(), 0);
  std::transform(order_.begin(), order_.end(), order_.begin(), shuffle);
  pool_epoch_ = epoch;
  pool_number_ = pool;
}

std::span<const LineBatches::Sequence> LineBatches::Take(int64_t index) {
  const int64_t epoch = index / batches_per_epoch();
  const int64_t within = index % batches_per_epoch();
  if (pool_epoch_ != epoch || pool_number_ != within / kPoolBatches) DrawPool(epoch, within / kPoolBatches);
  // Counted from the longest down, so that a batch with fewer lines has the shortest.
  const int64_t end = static_cast<int64_t>(pool_.size()) - order_[static_cast<size_t>(within % kPoolBatches)] * batch_;
  const int64_t begin = std::max<int64_t>(0, end - batch_);
  return std::span(pool_).subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
}

int64_t LineBatches::StepsOf(int64_t index) { return Take(index).back().steps; }

void LineBatches::Fill(int64_t index, const HostBatch& batch) {
  const std::span<const Sequence> sequences = Take(index);
  std::fill_n(batch.inputs, batch.steps * batch_, 0);
  std::fill_n(batch.targets, batch.steps * batch_, kNoTarget);
  std::fill_n(batch.lengths, batch_, 0);
  for (size_t b = 0; b < sequences.size(); ++b) {
    const int64_t steps = sequences[b].steps;
    const std::span<const uint8_t> line = lines_.Line(sequences[b].line, steps);
    batch.lengths[b] = static_cast<int32_t>(steps);
    for (int64_t t = 0; t < steps; ++t) {
      const auto at = static_cast<size_t>(t);
      batch.inputs[t * batch_ + static_cast<int64_t>(b)] = t == 0 ? kLineEnd : line[at - 1];
      batch.targets[t * batch_ + static_cast<int64_t>(b)] = at < line.size() ? line[at] : kLineEnd;
    }
  }
}

}  // namespace recurve
