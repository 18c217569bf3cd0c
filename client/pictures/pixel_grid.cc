// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/pixel_grid.h"

#include <algorithm>

namespace recurve {
namespace {

constexpr int kColumns = Timeline::kColumns;
constexpr int kRows = Timeline::kRows;

int CellOf(double value, double whole, int cells) {
  return std::clamp(static_cast<int>(value / whole * cells), 0, cells - 1);
}

}  // namespace

PixelGrid::PixelGrid(double duration, double links)
    : duration_(duration),
      links_(links),
      work_(kColumns * kRows),
      states_(kColumns * kRows),
      tapes_(kColumns * kRows),
      fill_(duration, kColumns) {}

int PixelGrid::ColumnOf(double time) const { return CellOf(time, duration_, kColumns); }
int PixelGrid::RowOf(double position) const { return CellOf(position, links_, kRows); }

void PixelGrid::Draw(const Timeline::LinkSpan& stretch) {
  const auto mark = static_cast<uint8_t>(1 + static_cast<int>(stretch.work));
  const int last = ColumnOf(stretch.end);
  const double slope = (stretch.to - stretch.from) / std::max(stretch.end - stretch.begin, 1e-300);
  for (int column = ColumnOf(stretch.begin); column <= last; ++column) {
    const double enters = std::max(stretch.begin, TimeOf(column));
    const double leaves = std::min(stretch.end, TimeOf(column + 1));
    const int one = RowOf(stretch.from + slope * (enters - stretch.begin));
    const int other = RowOf(stretch.from + slope * (leaves - stretch.begin));
    for (int row = std::min(one, other); row <= std::max(one, other); ++row) {
      uint8_t& cell = work_[column * kRows + row];
      cell = std::max(cell, mark);
    }
  }
}

void PixelGrid::Draw(const Timeline::StoredInterval& stay) {
  std::vector<uint8_t>& plane = stay.tapes ? tapes_ : states_;
  const int last = RowOf(stay.to);
  for (int row = RowOf(stay.from); row <= last; ++row) {
    const double middle = std::clamp((PositionOf(row) + PositionOf(row + 1)) / 2, stay.from, stay.to);
    const double along = stay.to > stay.from ? (middle - stay.from) / (stay.to - stay.from) : 0;
    const int begin = ColumnOf(stay.stored_at_from + along * (stay.stored_at_to - stay.stored_at_from));
    const int end = ColumnOf(stay.dropped_at_from + along * (stay.dropped_at_to - stay.dropped_at_from));
    if (begin <= end) std::fill_n(plane.begin() + row * kColumns + begin, end - begin + 1, uint8_t{1});
  }
}

void PixelGrid::WriteRows(const std::vector<uint8_t>& plane, bool tapes, Timeline& timeline) const {
  for (int row = 0; row < kRows; ++row) {
    const auto* cells = plane.data() + row * kColumns;
    for (int column = 0; column < kColumns; ++column) {
      if (cells[column] == 0) continue;
      const int begin = column;
      while (column < kColumns && cells[column] != 0) ++column;
      const double middle = (PositionOf(row) + PositionOf(row + 1)) / 2;
      timeline.kept.push_back({.tapes = tapes,
                               .from = tapes ? PositionOf(row) : middle,
                               .to = tapes ? PositionOf(row + 1) : middle,
                               .stored_at_from = TimeOf(begin),
                               .stored_at_to = TimeOf(begin),
                               .dropped_at_from = TimeOf(column),
                               .dropped_at_to = TimeOf(column)});
    }
  }
}

void PixelGrid::WriteTo(Timeline& timeline) const {
  timeline.detail = Timeline::Detail::kPixels;
  for (int column = 0; column < kColumns; ++column) {
    const auto* cells = work_.data() + column * kRows;
    const double time = (TimeOf(column) + TimeOf(column + 1)) / 2;
    for (int row = 0; row < kRows;) {
      const int begin = row;
      const uint8_t mark = cells[row];
      while (row < kRows && cells[row] == mark) ++row;
      if (mark == 0) continue;
      timeline.work.push_back({.work = static_cast<Timeline::LinkSpan::Work>(mark - 1),
                               .begin = time,
                               .end = time,
                               .from = PositionOf(begin),
                               .to = PositionOf(row)});
    }
    for (const int end : {column, column + 1}) {
      timeline.fill.push_back(fill_.columns()[column]);
      timeline.fill.back().time = TimeOf(end);
    }
  }
  WriteRows(states_, /*tapes=*/false, timeline);
  WriteRows(tapes_, /*tapes=*/true, timeline);
}

}  // namespace recurve
