// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_FALLBACK_PLANNER_H_
#define RECURVE_CLIENT_FALLBACK_PLANNER_H_

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "planner_service/planning/planner.h"

namespace recurve {

// Whether a planner service gave no answer: UNAVAILABLE, DEADLINE_EXCEEDED or RESOURCE_EXHAUSTED.
bool IsUnreachable(const absl::Status& status);

// Asks `preferred`; when it cannot be reached, tells `on_fallback` why and asks `fallback`. Other errors are passed on.
std::unique_ptr<Planner> MakeFallbackPlanner(std::unique_ptr<Planner> preferred, std::unique_ptr<Planner> fallback,
                                             std::function<void(const absl::Status&)> on_fallback);

}  // namespace recurve

#endif  // RECURVE_CLIENT_FALLBACK_PLANNER_H_
