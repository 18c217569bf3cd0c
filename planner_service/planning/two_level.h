// SPDX-License-Identifier: Apache-2.0
//
// The cheapest persistent schedule of a uniform chain with stores on the device and the host, by a dynamic program over
// all (n, i, j). Let i states be stored on the device and j on the host, and the start state on x. The cost of a chain
// of n links, beyond one taped forward and one backward per link, is
// clang-format off
//   V_x(n, i, j) = 0                                                       if n = 1, or x = device and n <= leaf(i)
//                  otherwise the minimum over y of
//     y f + w_device + V_device(n - y, i + 1, j) + r_x + V_x(y, i, j)      state y is stored on the device
//     y f + w_host + V_host(n - y, i, j + 1) + r_x + V_x(y, i, j)          state y is stored on the host
//     (n - 1) f + r_x + V_x(n - 1, i, j)                                   no state is stored; the last link is taped
//     w_device + V_device(n, i + 1, j)                                     x = host: the start state is fetched
// clang-format on
// with leaf(i) as in leaf_levels.h. The cost model is that of Herrmann and Pallez, "H-Revolve: A framework for adjoint
// computation on synchronous hierarchical platforms" (ACM TOMS 46(2), 2020). H-Revolve schedules are a special case: a
// part done on the device does not store on the host.
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_TWO_LEVEL_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_TWO_LEVEL_H_

#include "absl/status/statusor.h"
#include "planner_service/planning/chain.h"

namespace recurve {

// Steps of the recurrence: links^2 * (states that fit on the device + 1) * (states that fit on the host + 1).
// Saturating.
int64_t CountTwoLevelSteps(const TwoLevelRequest& request);

// Fills in cost, device_only_cost and the schedule; the caller recounts the rest. The request's steps must not exceed
// kMaxTwoLevelSteps. CANCELLED when `cancelled` returns true.
absl::StatusOr<TwoLevelPlan> SolveTwoLevel(const TwoLevelRequest& request, const CancelCheck& cancelled);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_TWO_LEVEL_H_
