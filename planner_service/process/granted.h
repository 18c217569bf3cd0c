// SPDX-License-Identifier: Apache-2.0
//
// The processors and memory granted to this process, and the memory that it uses. A container, a service manager or a
// batch system may grant less than the machine has, by affinity (including cpusets) and by control groups, version 1 or
// 2. For Linux; elsewhere, the figures of the machine are used. Nothing is cached, since grants may change while a
// process runs. Thread-safe.
#ifndef RECURVE_PLANNER_SERVICE_PROCESS_GRANTED_H_
#define RECURVE_PLANNER_SERVICE_PROCESS_GRANTED_H_

#include <cstdint>
#include <optional>
#include <string>

namespace recurve {

// `root` below is the directory that contains proc/ and sys/, for tests; empty: that of the machine.

// The CPU quota of this process's control groups, in processors; nullopt: no limit.
std::optional<double> ProcessorQuota(const std::string& root = "");

// The number of threads that can run at once: the processors that this process may use, or its CPU quota, rounded up,
// if that is less. At least 1.
int GrantedProcessors();

struct MemoryGrant {
  int64_t limit_bytes = 0;      // total limit for the process and those that share its grant
  int64_t available_bytes = 0;  // can be allocated now, including reclaimable file cache; at least 0
  std::string granted_by;       // "the machine", "the control group /batch/job7"
};

// The grant of the machine or of a control group of this process, whichever has the least available. INT64_MAX if
// unknown.
MemoryGrant GrantedMemory(const std::string& root = "");

// The resident memory of this process, current and peak, in bytes; 0 if unknown.
int64_t ResidentBytes();
int64_t PeakResidentBytes();

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PROCESS_GRANTED_H_
