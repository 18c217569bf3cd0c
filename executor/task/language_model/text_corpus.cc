// SPDX-License-Identifier: Apache-2.0
#include "executor/task/language_model/text_corpus.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

// A batch is filled in tiles of kTileColumns sequences, so that a row of a tile is a cache line, and kTileSteps steps,
// which are read at once.
constexpr size_t kTileColumns = 16;
constexpr int64_t kTileSteps = 2048;

struct Tile {
  std::array<std::array<uint8_t, kTileSteps + 1>, kTileColumns> bytes;
  std::array<int64_t, kTileColumns> steps;  // per sequence
};

absl::Status ReadTile(const Text& text, std::span<const TextSpan> spans, int64_t first_step, Tile& tile) {
  tile.steps.fill(0);
  for (size_t j = 0; j < spans.size(); ++j) {
    const int64_t steps = std::clamp<int64_t>(spans[j].steps - first_step, 0, kTileSteps);
    tile.steps[j] = steps;
    if (steps == 0) continue;
    const std::span<uint8_t> to = std::span(tile.bytes[j]).first(static_cast<size_t>(steps) + 1);
    RETURN_IF_ERROR(text.Read(spans[j].begin + first_step, to));
  }
  return absl::OkStatus();
}

// `inputs` and `targets` point to the tile's first row.
void WriteTile(const Tile& tile, int64_t rows, size_t width, int64_t columns, int32_t* inputs, int32_t* targets) {
  for (int64_t t = 0; t < rows; ++t, inputs += columns, targets += columns) {
    for (size_t j = 0; j < width; ++j) {
      const bool within = t < tile.steps[j];
      inputs[j] = within ? tile.bytes[j][static_cast<size_t>(t)] : 0;
      targets[j] = within ? tile.bytes[j][static_cast<size_t>(t) + 1] : kNoTarget;
    }
  }
}

}  // namespace

absl::Status Text::Read(int64_t begin, std::span<uint8_t> to) const {
  if (!to.empty() && begin < 0) {
    to.front() = kLineEnd;
    to = to.subspan(1);
    begin = 0;
  }
  if (!to.empty() && begin + static_cast<int64_t>(to.size()) > size_) {
    to.back() = kLineEnd;
    to = to.first(to.size() - 1);
  }
  return file_->Read(begin_ + begin, to.data(), static_cast<int64_t>(to.size()));
}

absl::Status CheckText(const InputFile& file) {
  if (file.size() >= 2) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(file.name(), " has ", file.size(),
                                                 file.size() == 1 ? " byte" : " bytes",
                                                 "; a text needs at least 2, one to read and one to predict"));
}

absl::StatusOr<std::span<const uint8_t>> TextView::Look(int64_t begin, int64_t bytes) {
  if (begin < begin_ || begin + bytes > begin_ + static_cast<int64_t>(buffer_.size())) {
    buffer_.resize(static_cast<size_t>(std::min(std::max(bytes, ahead_), text_.size() + 1 - begin)));
    begin_ = begin;
    if (absl::Status status = text_.Read(begin, buffer_); !status.ok()) {
      buffer_.clear();
      return status;
    }
  }
  return std::span<const uint8_t>(buffer_).subspan(static_cast<size_t>(begin - begin_), static_cast<size_t>(bytes));
}

absl::Status FillFrom(const Text& text, std::span<const TextSpan> spans, int64_t columns, const TokenRows& batch,
                      const StopCheck& stop) {
  Tile tile;
  for (int64_t column = 0; column < columns; column += kTileColumns) {
    const auto width = std::min(kTileColumns, static_cast<size_t>(columns - column));
    const size_t skipped = std::min(spans.size(), static_cast<size_t>(column));
    const std::span<const TextSpan> here = spans.subspan(skipped, std::min(width, spans.size() - skipped));
    for (int64_t step = 0; step < batch.steps; step += kTileSteps) {
      RETURN_IF_ERROR(CheckStop(stop));
      RETURN_IF_ERROR(ReadTile(text, here, step, tile));
      const int64_t at = step * columns + column;
      WriteTile(tile, std::min(kTileSteps, batch.steps - step), width, columns, batch.tokens.inputs + at,
                batch.tokens.targets + at);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<WindowBatches> WindowBatches::Create(const Text& text, int64_t batch, int64_t length) {
  if (batch < 1) return absl::InvalidArgumentError(absl::StrCat("batch is ", batch, "; must be at least 1"));
  if (length < 1) return absl::InvalidArgumentError(absl::StrCat("length is ", length, "; must be at least 1"));
  const int64_t size = text.size();
  const int64_t stream = size > 0 ? (size - 1) / batch : 0;
  if (stream < length) {
    int64_t product = 0;
    const std::string needed = __builtin_mul_overflow(batch, length, &product)
                                   ? std::string("more than 2^63")
                                   : absl::StrCat("at least ", static_cast<uint64_t>(product) + 1);
    return absl::InvalidArgumentError(absl::StrCat("batch ", batch, " of length ", length, " needs ", needed,
                                                   " bytes of text, but there are ", size,
                                                   "; use more text, or a smaller batch or length"));
  }
  return WindowBatches(text, batch, length, stream / length);
}

absl::Status WindowBatches::Fill(int64_t index, const TokenRows& batch, const StopCheck& stop) {
  const int64_t stream = (text_.size() - 1) / batch_;
  const int64_t first = index % windows_ * length_;
  for (int64_t b = 0; b < batch_; ++b) {
    spans_[static_cast<size_t>(b)] = {.begin = b * stream + first, .steps = length_};
  }
  return FillFrom(text_, spans_, batch_, batch, stop);
}

}  // namespace recurve
