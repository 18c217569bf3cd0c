// SPDX-License-Identifier: Apache-2.0
//
// Checks of single fields. INVALID_ARGUMENT names the field, its value and its range.
#ifndef RECURVE_PLANNER_SERVICE_CODEC_FIELD_CHECKS_H_
#define RECURVE_PLANNER_SERVICE_CODEC_FIELD_CHECKS_H_

#include <cmath>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "planner_service/planning/check_range.h"

namespace recurve {

// The number of entries of a list.
inline absl::Status CheckCount(absl::string_view field, int count, int64_t least, int64_t most) {
  if (count >= least && count <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " has ", count, " entries; must have ", least, " to ", most));
}

inline absl::Status CheckAtLeast(absl::string_view field, double value, double least) {
  if (std::isfinite(value) && value >= least) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " is ", value, "; must be finite and at least ", least));
}

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CODEC_FIELD_CHECKS_H_
