// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_DEVICE_BUDGETS_H_
#define RECURVE_EXECUTOR_DAEMON_DEVICE_BUDGETS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "executor/daemon/job_store.h"
#include "executor/job/job_backend.h"

namespace recurve {

// Parses "cpu=12GiB" or "cuda:0=60GiB". INVALID_ARGUMENT otherwise.
absl::StatusOr<std::pair<std::string, int64_t>> ParseDeviceMemory(std::string_view text);

// The budgets of `devices`: those in `given`, otherwise what is free less a reserve of a tenth, at most 1 GiB, for
// everything that is not planned, such as the daemon itself. INVALID_ARGUMENT if `given` names a device that is not
// there, or more bytes than it has.
absl::StatusOr<std::vector<DeviceBudget>> MakeBudgets(const std::vector<DeviceMemoryBytes>& devices,
                                                      const std::map<std::string, int64_t>& given);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_DEVICE_BUDGETS_H_
