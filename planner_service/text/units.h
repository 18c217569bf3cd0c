// SPDX-License-Identifier: Apache-2.0
//
// Parses and formats byte sizes and durations.
#ifndef RECURVE_PLANNER_SERVICE_TEXT_UNITS_H_
#define RECURVE_PLANNER_SERVICE_TEXT_UNITS_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace recurve {

// Parses a size >= 0: a number, then a unit, by default bytes. Units are B, KiB, MiB, GiB, TiB, PiB (powers of 1024,
// for which K, M, G, T, P and, as in Kubernetes, Ki, Mi, Gi, Ti, Pi are abbreviations) and KB, MB, GB, TB, PB (powers
// of 1000), in any case. Rounds down to whole bytes; a fraction in bytes is an error. "64MiB", "1.5 GiB", "1048576".
// INVALID_ARGUMENT names the text and the problem.
absl::StatusOr<int64_t> ParseBytes(std::string_view text);

// The shortest form with at most two decimals that ParseBytes reads back as the same number ("64MiB", "1.5GiB",
// "1000001B"), for messages from which a value may be copied.
std::string FormatBytes(int64_t bytes);

// Rounded to three digits: "12.3MiB". For tables and progress.
std::string FormatBytesRounded(int64_t bytes);

// "15.9MiB (16672358 bytes)": a size that suffices for `bytes`, rounded up to three digits, and the exact size.
std::string AtLeastText(int64_t bytes);

// Parses a duration: a number, then ms, s, m or h. "500ms", "10s", "1.5m". Whole milliseconds, 0 to 10 years.
// INVALID_ARGUMENT names the text and the problem.
absl::StatusOr<std::chrono::milliseconds> ParseDuration(std::string_view text);

// "500ms", "10s", "1.5s", "2m", "1h": ParseDuration reads back the same duration, up to 10 years.
std::string FormatDuration(std::chrono::milliseconds duration);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_TEXT_UNITS_H_
