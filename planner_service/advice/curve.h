// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_ADVICE_CURVE_H_
#define RECURVE_PLANNER_SERVICE_ADVICE_CURVE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/advice/trade_off.h"

namespace recurve {

// The smallest total with its slowdown.
struct Corner {
  int64_t total = 0;
  Pick pick;
  bool gap_after = false;  // there are more corners between this one and the next
};

// At most `max_points` >= 2 corners of TradeOff::UpTo, in order; none when nothing can be done in kMaxBytes. Without
// gaps they are all that there are. The first two are the ends. Between two corners the curve lies in the rectangle
// that they span; each further one splits the rectangle that is largest in logarithms.
absl::StatusOr<std::vector<Corner>> FindCorners(TradeOff& trade_off, int64_t max_points, const CancelCheck& cancelled);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_ADVICE_CURVE_H_
