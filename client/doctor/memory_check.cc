// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "client/doctor/machine_checks.h"
#include "planner_service/process/control_groups.h"
#include "planner_service/process/granted.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

// Below this, a daemon and a small job hardly fit.
constexpr int64_t kFewBytes = int64_t{256} << 20;

// A value of /proc/meminfo, in bytes.
std::optional<int64_t> MemoryInfo(const std::string& root, const std::string& name) {
  std::ifstream file(root + "/proc/meminfo");
  std::string key;
  int64_t kib = 0;
  for (std::string unit; file >> key >> kib && std::getline(file, unit);) {
    if (key == name + ":") return kib * 1024;
  }
  return std::nullopt;
}

// With vm.overcommit_memory = 2, the system counts memory when it is allocated, not when it is used.
std::optional<int64_t> CommittableBytes(const std::string& root) {
  if (ReadLine(root + "/proc/sys/vm/overcommit_memory") != "2") return std::nullopt;
  const std::optional<int64_t> limit = MemoryInfo(root, "CommitLimit");
  const std::optional<int64_t> committed = MemoryInfo(root, "Committed_AS");
  if (!limit || !committed) return std::nullopt;
  return std::max<int64_t>(0, *limit - *committed);
}

}  // namespace

std::vector<Finding> CheckMemory(const std::string& root) {
  const MemoryGrant grant = GrantedMemory(root);
  if (grant.limit_bytes == std::numeric_limits<int64_t>::max()) {
    return {{Severity::kWarning, "the memory granted to this process is unknown",
             "mount /proc, from which it is read, and give the memory of devices as --device-memory cpu=12GiB"}};
  }
  std::string found = absl::StrCat(FormatBytesRounded(grant.available_bytes), " available of the ",
                                   FormatBytesRounded(grant.limit_bytes), " of ", grant.granted_by);
  if (const int64_t swap = MemoryInfo(root, "SwapTotal").value_or(0); swap > 0) {
    absl::StrAppend(&found, ", ", FormatBytesRounded(swap), " of swap");
  }
  if (const std::optional<int64_t> left = CommittableBytes(root); left && *left < grant.available_bytes) {
    return {{Severity::kWarning,
             absl::StrCat(found, ", of which only ", FormatBytesRounded(*left),
                          " can be allocated, because vm.overcommit_memory is 2"),
             "raise vm.overcommit_ratio, or set vm.overcommit_memory to 0 (sysctl)"}};
  }
  if (grant.available_bytes < kFewBytes) {
    return {{Severity::kWarning, found,
             absl::StrCat("end other programs, or raise the limit: jobs of less than ", FormatBytes(kFewBytes),
                          " are small")}};
  }
  return {{.found = found}};
}

}  // namespace recurve
