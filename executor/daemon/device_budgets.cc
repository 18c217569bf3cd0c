// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/device_budgets.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

constexpr int64_t kMostReserve = int64_t{1} << 30;

}  // namespace

absl::StatusOr<std::pair<std::string, int64_t>> ParseDeviceMemory(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("is \"", std::string(text), "\"; must be DEVICE=BYTES, such as cpu=12GiB or cuda:0=60GiB"));
  }
  ASSIGN_OR_RETURN(const int64_t bytes, ParseBytes(text.substr(equals + 1)));
  std::string name(text.substr(0, equals));
  if (name == "cuda") name = "cuda:0";
  return std::pair(std::move(name), bytes);
}

absl::StatusOr<std::vector<DeviceBudget>> MakeBudgets(const std::vector<DeviceMemoryBytes>& devices,
                                                      const std::map<std::string, int64_t>& given) {
  std::vector<DeviceBudget> budgets;
  std::vector<std::string> names;
  for (const DeviceMemoryBytes& device : devices) {
    names.push_back(device.name);
    const int64_t reserve = std::min(device.free / 10, kMostReserve);
    DeviceBudget budget{device.name, device.total, std::min(device.free - reserve, kMaxBytes)};
    if (const auto wanted = given.find(device.name); wanted != given.end()) {
      if (wanted->second < 1 || wanted->second > device.total) {
        return absl::InvalidArgumentError(absl::StrCat("--device-memory is ", device.name, "=", wanted->second,
                                                       "; must be 1 to ", device.total, ", the bytes that it has"));
      }
      budget.budget = wanted->second;
    }
    budgets.push_back(std::move(budget));
  }
  for (const auto& [name, bytes] : given) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("--device-memory names ", name, "; this daemon has the devices ", absl::StrJoin(names, ", ")));
  }
  return budgets;
}

}  // namespace recurve
