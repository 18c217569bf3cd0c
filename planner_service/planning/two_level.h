// SPDX-License-Identifier: Apache-2.0
//
// The cheapest persistent schedule of a uniform chain with stores on the device and the host. With i states on the
// device and j on the host, a chain of n links costs, beyond one taped forward and one backward a link and with
// x standing for where its start state is stored,
// clang-format off
//   V_x(n, i, j) = 0                                                       if n = 1, or x = device and n <= leaf(i)
//                  the least of                                            otherwise
//     y f + w_device + V_device(n - y, i + 1, j) + r_x + V_x(y, i, j)      a state is stored on the device after y links
//     y f + w_host + V_host(n - y, i, j + 1) + r_x + V_x(y, i, j)          or on the host
//     (n - 1) f + r_x + V_x(n - 1, i, j)                                   nothing is, and the last link is taped
//     w_device + V_device(n, i + 1, j)                                     x = host: the start state is fetched
// clang-format on
// with leaf(i) as in leaf_levels.h. The model of costs is that of Herrmann and Pallez, "H-Revolve: A framework for
// adjoint computation on synchronous hierarchical platforms" (ACM TOMS 46(2), 2020), whose schedules are among these:
// there a part that is done on the device no longer stores on the host.
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_TWO_LEVEL_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_TWO_LEVEL_H_

#include "absl/status/statusor.h"
#include "planner_service/planning/chain.h"

namespace recurve {

// Steps of the recurrence, that is links * links * (states that fit on the device + 1) * (on the host + 1). Saturating.
int64_t CountTwoLevelSteps(const TwoLevelRequest& request);

// Fills in cost, device_only_cost and the schedule; all else is recounted by whoever calls it. For a request whose
// steps are within kMaxTwoLevelSteps. CANCELLED when `cancelled` says so.
absl::StatusOr<TwoLevelPlan> SolveTwoLevel(const TwoLevelRequest& request, const CancelCheck& cancelled);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_TWO_LEVEL_H_
