// SPDX-License-Identifier: Apache-2.0
#include "planner_service/process/granted.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "planner_service/process/control_groups.h"

namespace recurve {
namespace {

constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

// The number in a file of a control group; nullopt if it contains "max" (no limit) or nothing.
std::optional<int64_t> ReadNumber(const std::string& path) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(ReadLine(path), &number)) return std::nullopt;
  return number;
}

// The CPU quota in processors. Version 2 writes quota and period in microseconds: "150000 100000", or "max 100000".
std::optional<double> QuotaOf(const ControlGroup& group) {
  std::optional<int64_t> quota;
  std::optional<int64_t> period;
  if (group.unified) {
    const std::vector<std::string> parts = absl::StrSplit(ReadLine(group.directory + "/cpu.max"), ' ');
    int64_t number = 0;
    if (parts.size() == 2 && absl::SimpleAtoi(parts[0], &number)) quota = number;
    if (parts.size() == 2 && absl::SimpleAtoi(parts[1], &number)) period = number;
  } else {
    quota = ReadNumber(group.directory + "/cpu.cfs_quota_us");  // -1: none
    period = ReadNumber(group.directory + "/cpu.cfs_period_us");
  }
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

// The sum of the values of `names` in a file of lines "NAME[:] VALUE [UNIT]"; nullopt if it contains none of them.
std::optional<int64_t> SumOf(const std::string& path, std::initializer_list<const char*> names) {
  std::ifstream file(path);
  std::optional<int64_t> sum;
  std::string name;
  int64_t value = 0;
  for (std::string unit; file >> name >> value && std::getline(file, unit);) {
    if (std::find(names.begin(), names.end(), name) != names.end()) sum = sum.value_or(0) + value;
  }
  return sum;
}

// The reclaimable page cache of the group, which counts as used.
int64_t CacheOf(const ControlGroup& group) {
  const std::string path = group.directory + "/memory.stat";
  // Version 1 uses these names for totals that include the groups below.
  if (const auto total = SumOf(path, {"total_inactive_file", "total_active_file"})) return *total;
  return SumOf(path, {"inactive_file", "active_file"}).value_or(0);
}

std::optional<MemoryGrant> MemoryOf(const ControlGroup& group) {
  const auto number = [&](const char* name) { return ReadNumber(absl::StrCat(group.directory, "/", name)); };
  const std::optional<int64_t> limit = group.unified ? number("memory.max") : number("memory.limit_in_bytes");
  // Above memory.high, a process is not killed but throttled heavily.
  const int64_t most =
      std::min(limit.value_or(kUnlimited), group.unified ? number("memory.high").value_or(kUnlimited) : kUnlimited);
  if (most == kUnlimited) return std::nullopt;
  const int64_t used = (group.unified ? number("memory.current") : number("memory.usage_in_bytes")).value_or(0);
  const int64_t needed = std::max<int64_t>(0, used - CacheOf(group));
  return MemoryGrant{.limit_bytes = most,
                     .available_bytes = std::max<int64_t>(0, most - needed),
                     .granted_by = absl::StrCat("the control group ", group.name)};
}

int AffinityProcessors() {
  // A machine may have more processors than fit in a cpu_set_t.
  for (int processors = CPU_SETSIZE; processors <= 64 * CPU_SETSIZE; processors *= 4) {
    std::vector<cpu_set_t> sets(processors / CPU_SETSIZE);
    const size_t bytes = sets.size() * sizeof(cpu_set_t);
    if (sched_getaffinity(0, bytes, sets.data()) == 0) return CPU_COUNT_S(bytes, sets.data());
  }
  return static_cast<int>(std::thread::hardware_concurrency());
}

}  // namespace

std::optional<double> ProcessorQuota(const std::string& root) {
  std::optional<double> least;
  for (const ControlGroup& group : ControlGroupsOf("cpu", root)) {
    const std::optional<double> quota = QuotaOf(group);
    if (quota && (!least || *quota < *least)) least = quota;
  }
  return least;
}

int GrantedProcessors() {
  const int usable = std::max(1, AffinityProcessors());
  const std::optional<double> quota = ProcessorQuota();
  return quota && *quota < usable ? std::max(1, static_cast<int>(std::ceil(*quota))) : usable;
}

MemoryGrant GrantedMemory(const std::string& root) {
  const std::string meminfo = root + "/proc/meminfo";
  const auto kib = [&](const char* name) {
    const std::optional<int64_t> value = SumOf(meminfo, {name});
    return value ? *value * 1024 : kUnlimited;
  };
  MemoryGrant least{
      .limit_bytes = kib("MemTotal:"), .available_bytes = kib("MemAvailable:"), .granted_by = "the machine"};
  for (const ControlGroup& group : ControlGroupsOf("memory", root)) {
    const std::optional<MemoryGrant> grant = MemoryOf(group);
    if (grant && grant->available_bytes < least.available_bytes) least = *grant;
  }
  return least;
}

int64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  int64_t total_pages = 0;
  int64_t resident_pages = 0;
  file >> total_pages >> resident_pages;
  return resident_pages * sysconf(_SC_PAGESIZE);
}

int64_t PeakResidentBytes() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> parts = absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    int64_t kib = 0;
    if (parts.size() == 3 && parts[0] == "VmHWM:" && absl::SimpleAtoi(parts[1], &kib)) return kib * 1024;
  }
  return 0;
}

}  // namespace recurve
