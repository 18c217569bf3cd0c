// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_PROFILE_LEAST_SECONDS_H_
#define RECURVE_EXECUTOR_PROFILE_LEAST_SECONDS_H_

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

// The minimum seconds per call of `run`, which enqueues work on the backend, over several samples within about
// `probe_seconds`. Each sample has enough calls to make the wait for the device negligible. Returns errors of the
// backend.
template <class Function>
absl::StatusOr<double> LeastSeconds(Backend& backend, double probe_seconds, const Function& run) {
  constexpr double kLeastSampleSeconds = 2e-3;
  constexpr int kLeastSamples = 5;
  const auto now = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
  double least = 0;
  int64_t runs = 1;
  const double start = now();
  for (int samples = 0; samples < kLeastSamples || now() - start < probe_seconds;) {
    const double begin = now();
    for (int64_t i = 0; i < runs; ++i) run();
    RETURN_IF_ERROR(backend.Synchronize());
    const double seconds = now() - begin;
    if (seconds < kLeastSampleSeconds) {
      runs *= 2;
      continue;
    }
    const double each = seconds / static_cast<double>(runs);
    least = samples == 0 ? each : std::min(least, each);
    ++samples;
  }
  return least;
}

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_PROFILE_LEAST_SECONDS_H_
