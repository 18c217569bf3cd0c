// SPDX-License-Identifier: Apache-2.0
#include "client/pictures/fill_columns.h"

#include <algorithm>
#include <cmath>

namespace recurve {

FillColumns::FillColumns(double duration, int columns) : duration_(duration), columns_(columns), bytes_(columns, -1) {}

void FillColumns::Add(const Timeline::Fill& first, double first_bytes, const Timeline::Fill& last, double last_bytes) {
  const int count = static_cast<int>(columns_.size());
  const double width = duration_ / count;
  const auto column_of = [&](double time) { return std::clamp(static_cast<int>(time / width), 0, count - 1); };
  const double span = last.time - first.time;
  const bool rises = last_bytes >= first_bytes;
  const int begin = column_of(first.time);
  const int end = std::max(begin, column_of(std::nextafter(last.time, 0)));  // the column that ends there, not the next
  for (int column = begin; column <= end; ++column) {
    const double at = rises ? std::min(last.time, width * (column + 1)) : std::max(first.time, width * column);
    const double along = span > 0 ? std::clamp((at - first.time) / span, 0.0, 1.0) : 1;
    const double bytes = first_bytes + along * (last_bytes - first_bytes);
    if (bytes <= bytes_[column]) continue;
    bytes_[column] = bytes;
    const auto between = [along](int64_t a, int64_t b) {
      return a + static_cast<int64_t>(along * static_cast<double>(b - a));
    };
    columns_[column] = {.states = between(first.states, last.states), .tapes = between(first.tapes, last.tapes)};
  }
}

}  // namespace recurve
