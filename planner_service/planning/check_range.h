// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_CHECK_RANGE_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_CHECK_RANGE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace recurve {

// INVALID_ARGUMENT with the field, its value and its range unless `value` is in [least, most].
inline absl::Status CheckRange(absl::string_view field, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " is ", value, "; must be ", least, " to ", most));
}

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_CHECK_RANGE_H_
