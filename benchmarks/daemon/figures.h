// SPDX-License-Identifier: Apache-2.0
//
// Times of calls: how they are taken, summarized and printed.
#ifndef RECURVE_BENCHMARKS_DAEMON_FIGURES_H_
#define RECURVE_BENCHMARKS_DAEMON_FIGURES_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "nlohmann/json.hpp"

namespace recurve {

// Runs `call` `calls` times, one after another, and appends their times in seconds.
absl::Status Time(int calls, absl::FunctionRef<absl::Status()> call, std::vector<double>& seconds);

// A row: {"what", "calls", "p50_seconds", "p99_seconds", "max_seconds"} and, if `target_seconds` is above 0,
// {"target_seconds", "met"} for the median. `seconds` must not be empty.
nlohmann::json Row(const std::string& what, std::vector<double> seconds, double target_seconds = 0);

void PrintRows(const nlohmann::json& rows);

}  // namespace recurve

#endif  // RECURVE_BENCHMARKS_DAEMON_FIGURES_H_
