// SPDX-License-Identifier: Apache-2.0
//
// What this process was granted of its machine, and what it holds of it. A container, a service manager or a batch
// system grants less than the machine has: by affinity (cpusets too) and by control groups, version 1 and 2. Linux;
// elsewhere the machine's own figures count. Nothing is cached: grants change while a process runs. Thread-safe.
#ifndef RECURVE_PLANNER_SERVICE_PROCESS_GRANTED_H_
#define RECURVE_PLANNER_SERVICE_PROCESS_GRANTED_H_

#include <cstdint>
#include <optional>
#include <string>

namespace recurve {

// `root` in what follows: the directory that holds proc/ and sys/, for tests; empty: the machine's.

// Processors' worth of time that the control groups of this process grant; none: as much as there is.
std::optional<double> ProcessorQuota(const std::string& root = "");

// Threads that can run at once: the processors that this process may use, or fewer where a quota grants less time than
// they have. A part of a processor counts as a whole one. At least 1.
int GrantedProcessors();

struct MemoryGrant {
  int64_t limit_bytes = 0;      // that the process and what shares its grant may hold in all
  int64_t available_bytes = 0;  // of it, that can be taken now, what the file cache gives up included; at least 0
  std::string granted_by;       // "the machine", "the control group /batch/job7"
};

// Of the machine and the control groups of this process, whichever has the least available. The largest numbers where
// the system does not say.
MemoryGrant GrantedMemory(const std::string& root = "");

// Memory of this process in physical pages: now, and the most so far. In bytes; 0 where the system does not say.
int64_t ResidentBytes();
int64_t PeakResidentBytes();

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PROCESS_GRANTED_H_
