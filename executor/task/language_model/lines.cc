// SPDX-License-Identifier: Apache-2.0
#include "executor/task/language_model/lines.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr int64_t kLeastBlock = 4096;
constexpr int64_t kMostBlocks = 1 << 20;

int64_t BlockFor(int64_t size) {
  return std::max(kLeastBlock, static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(size / kMostBlocks + 1))));
}

// The first newline in `text`, or its size.
int64_t FindNewline(std::span<const uint8_t> text) {
  if (text.empty()) return 0;
  const void* end = std::memchr(text.data(), kLineEnd, text.size());
  return end == nullptr ? static_cast<int64_t>(text.size()) : static_cast<const uint8_t*>(end) - text.data();
}

// Calls `visit(begin, bytes)` for consecutive pieces of [begin, end) until it returns false.
template <typename Visit>
absl::Status ForEachPiece(TextView& view, int64_t begin, int64_t end, const StopCheck& stop, const Visit& visit) {
  while (begin < end) {
    RETURN_IF_ERROR(CheckStop(stop));
    ASSIGN_OR_RETURN(const std::span<const uint8_t> bytes, view.Look(begin, std::min(TextView::kMost, end - begin)));
    if (!visit(begin, bytes)) break;
    begin += static_cast<int64_t>(bytes.size());
  }
  return absl::OkStatus();
}

}  // namespace

Lines::Lines(const Text& text, int64_t length) : text_(text), length_(length), block_(BlockFor(text.size())) {}

absl::StatusOr<Lines> Lines::Find(const Text& text, int64_t length, const StopCheck& stop) {
  Lines lines(text, length);
  lines.before_.reserve(static_cast<size_t>(text.size() / lines.block_ + 1));
  TextView view(text);
  for (int64_t begin = 0; begin < text.size(); begin += lines.block_) {
    lines.before_.push_back(lines.count_);
    const int64_t end = std::min(text.size(), begin + lines.block_);
    RETURN_IF_ERROR(ForEachPiece(view, begin, end, stop, [&](int64_t /*begin*/, std::span<const uint8_t> bytes) {
      lines.Scan(bytes);
      return true;
    }));
  }
  if (lines.line_bytes_ > 0) lines.EndLine();
  return lines;
}

void Lines::Scan(std::span<const uint8_t> bytes) {
  if (newlines_ == 0) carriage_returns_ += std::count(bytes.begin(), bytes.end(), '\r');
  while (!bytes.empty()) {
    const int64_t before_newline = FindNewline(bytes);
    if (before_newline > 0 && line_bytes_ == 0) ++count_;
    line_bytes_ += before_newline;
    bytes = bytes.subspan(static_cast<size_t>(before_newline));
    if (bytes.empty()) return;
    bytes = bytes.subspan(1);
    ++newlines_;
    EndLine();
  }
}

void Lines::EndLine() {
  if (line_bytes_ == 0) {
    ++empty_;
    return;
  }
  ++lengths_[std::min(line_bytes_ + 1, length_)];
  cut_ += line_bytes_ >= length_ ? 1 : 0;
  line_bytes_ = 0;
}

int64_t Lines::HeldBytes() const {
  constexpr int64_t kPerLength = 64;  // upper bound for a map node
  return std::ssize(before_) * static_cast<int64_t>(sizeof(before_[0])) + std::ssize(lengths_) * kPerLength;
}

absl::Status Lines::CheckLineEnds() const {
  if (newlines_ > 0 || carriage_returns_ == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      text_.name(), " has no newlines and ", carriage_returns_,
      " carriage returns, so it is a single line; replace them with newlines, for example with `tr '\\r' '\\n'`"));
}

absl::Status Lines::Moved(int64_t i) const {
  return absl::DataLossError(absl::StrCat(text_.name(), " was modified while it was read: line ", i + 1, " has moved"));
}

absl::StatusOr<int64_t> Lines::BeginOf(int64_t i, TextView& view) const {
  const auto block = std::upper_bound(before_.begin(), before_.end(), i) - before_.begin() - 1;
  int64_t left = i - before_[static_cast<size_t>(block)];  // lines of the block before it
  int64_t found = -1;
  uint8_t last = kLineEnd;
  const int64_t begin = block * block_;
  // Starts at the byte before the block, which tells whether the block begins with a line.
  RETURN_IF_ERROR(ForEachPiece(view, begin - 1, std::min(text_.size(), begin + block_), {},
                               [&](int64_t at, std::span<const uint8_t> bytes) {
                                 for (size_t j = 0; j < bytes.size(); ++j) {
                                   const bool begins = last == kLineEnd && bytes[j] != kLineEnd;
                                   last = bytes[j];
                                   const bool in_block = at + static_cast<int64_t>(j) >= begin;
                                   if (!begins || !in_block || left-- > 0) continue;
                                   found = at + static_cast<int64_t>(j);
                                   return false;
                                 }
                                 return true;
                               }));
  return found < 0 ? absl::StatusOr<int64_t>(Moved(i)) : found;
}

absl::StatusOr<int64_t> Lines::StepsFrom(int64_t begin, TextView& view) const {
  constexpr int64_t kPiece = 256;  // most lines are shorter
  int64_t bytes = 0;
  bool ended = false;
  while (!ended && bytes < length_ && begin + bytes < text_.size()) {
    const int64_t piece = std::min({kPiece, length_ - bytes, text_.size() - begin - bytes});
    ASSIGN_OR_RETURN(const std::span<const uint8_t> text, view.Look(begin + bytes, piece));
    const int64_t before_newline = FindNewline(text);
    ended = before_newline < piece;
    bytes += before_newline;
  }
  return std::min(bytes + 1, length_);
}

absl::StatusOr<TextSpan> Lines::Locate(int64_t i, TextView& view) const {
  ASSIGN_OR_RETURN(const int64_t begin, BeginOf(i, view));
  ASSIGN_OR_RETURN(const int64_t steps, StepsFrom(begin, view));
  if (!lengths_.contains(steps)) return Moved(i);
  return TextSpan{.begin = begin - 1, .steps = steps};  // starts at the preceding newline
}

}  // namespace recurve
