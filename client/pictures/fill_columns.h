// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_PICTURES_FILL_COLUMNS_H_
#define RECURVE_CLIENT_PICTURES_FILL_COLUMNS_H_

#include <vector>

#include "client/pictures/timeline.h"

namespace recurve {

// The maximum fill of the store in each of a number of columns of equal time. O(columns crossed) per line added.
class FillColumns {
 public:
  FillColumns(double duration, int columns);

  // Adds the fill along the line between two moments, each with its bytes.
  void Add(const Timeline::Fill& first, double first_bytes, const Timeline::Fill& last, double last_bytes);

  // `time` of each is 0.
  const std::vector<Timeline::Fill>& columns() const { return columns_; }

 private:
  const double duration_;
  std::vector<Timeline::Fill> columns_;
  std::vector<double> bytes_;  // of each column; below 0: nothing added yet
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_PICTURES_FILL_COLUMNS_H_
