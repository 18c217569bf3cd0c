// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_PIXEL_GRID_H_
#define RECURVE_CLIENT_PICTURES_PIXEL_GRID_H_

#include <cstdint>
#include <vector>

#include "client/pictures/fill_columns.h"
#include "client/pictures/timeline.h"

namespace recurve {

// Rasterizes a timeline too long to keep: time in columns, positions in rows. Takes any number of spans, intervals and
// fills in constant memory; each costs the cells that it crosses.
class PixelGrid {
 public:
  PixelGrid(double duration, double links);

  void Draw(const Timeline::LinkSpan& stretch);
  void Draw(const Timeline::StoredInterval& stay);
  // The fill of the store between two moments, each with its bytes.
  void Draw(const Timeline::Fill& first, double first_bytes, const Timeline::Fill& last, double last_bytes) {
    fill_.Add(first, first_bytes, last, last_bytes);
  }

  // Writes runs of marked cells as shapes of `timeline`. If several kinds of work fall on a cell, the backward takes
  // precedence, then the taped forward.
  void WriteTo(Timeline& timeline) const;

 private:
  int ColumnOf(double time) const;
  int RowOf(double position) const;
  double TimeOf(int column) const { return duration_ * column / Timeline::kColumns; }
  double PositionOf(int row) const { return links_ * row / Timeline::kRows; }
  void WriteRows(const std::vector<uint8_t>& plane, bool tapes, Timeline& timeline) const;

  const double duration_, links_;
  std::vector<uint8_t> work_;            // column by column; 0: none, else 1 + Work
  std::vector<uint8_t> states_, tapes_;  // row by row; 0 or 1
  FillColumns fill_;
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_PIXEL_GRID_H_
