// SPDX-License-Identifier: Apache-2.0
//
// Byte sizes and durations as people write them.
#ifndef RECURVE_PLANNER_SERVICE_TEXT_UNITS_H_
#define RECURVE_PLANNER_SERVICE_TEXT_UNITS_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace recurve {

// Parses a size: a number, then a unit or none for bytes. Units are B, KiB, MiB, GiB, TiB, PiB (powers of 1024; K, M,
// G, T, P and Ki, Mi, Gi, Ti, Pi, as in Kubernetes, are short for them) and KB, MB, GB, TB, PB (powers of 1000), in any
// case. A part of a byte is left out, but not accepted where the unit is the byte. "64MiB", "1.5 GiB", "1048576".
// INVALID_ARGUMENT names the text and what is wrong with it; 0 is a size, a negative one is not.
absl::StatusOr<int64_t> ParseBytes(std::string_view text);

// The shortest of those forms that ParseBytes reads back as the same number, where that has at most two digits after
// the point
// ("64MiB", "1.5GiB", "1000001B"): for messages that a person may copy.
std::string FormatBytes(int64_t bytes);

// About so much, to three digits: "12.3MiB". For tables and progress.
std::string FormatBytesRounded(int64_t bytes);

// "15.9MiB (16672358 bytes)": what to give so that it is enough. Three digits, rounded up; both read as a size of at
// least `bytes`.
std::string AtLeastText(int64_t bytes);

// Parses a duration: a number, then ms, s, m or h. "500ms", "10s", "1.5m". Whole milliseconds, at least 0.
// INVALID_ARGUMENT names the text and what is wrong with it.
absl::StatusOr<std::chrono::milliseconds> ParseDuration(std::string_view text);

// "500ms", "10s", "1.5s", "2m", "1h": reads back as the same.
std::string FormatDuration(std::chrono::milliseconds duration);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_TEXT_UNITS_H_
