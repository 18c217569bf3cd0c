// SPDX-License-Identifier: Apache-2.0
//
// Workloads as JSON objects, which --json prints and ParseWorkload reads:
//   {"length": 1000, "state_bytes": "512KiB", "tape_bytes": 1048576, "fixed_bytes": 0}
//   {"model": {"layers": 2, "hidden": 1024}, "batch": 32, "length": 1000, "optimizer": "adamw"}
#ifndef RECURVE_CLIENT_CLI_WORKLOAD_JSON_H_
#define RECURVE_CLIENT_CLI_WORKLOAD_JSON_H_

#include "absl/status/statusor.h"
#include "client/cli/json.h"
#include "planner_service/capacity/advisor.h"

namespace recurve {

Json WorkloadJson(const Workload& workload);

// INVALID_ARGUMENT names the key and the error. A key "name" is left to the caller. The Advisor checks ranges.
absl::StatusOr<Workload> ParseWorkload(const Json& json);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_WORKLOAD_JSON_H_
