// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_CRASH_MARKER_H_
#define RECURVE_EXECUTOR_DAEMON_CRASH_MARKER_H_

#include <cstdint>
#include <set>
#include <string>

#include "absl/status/status.h"

namespace recurve {

// Finds out which job took an earlier daemon down, so that it does not do so for ever. A fault (SIGSEGV, SIGBUS,
// SIGFPE, SIGILL, SIGABRT) on the thread of a job writes its number into a file. If the kernel killed a process for
// lack of memory since the earlier daemon started, all of its running jobs are suspects; that is seen in the oom_kill
// counter of /proc/vmstat. Any other end of the daemon, such as SIGKILL or a power failure, is not the fault of a job.
struct CrashReport {
  bool fault = false;          // the earlier daemon had a fault or was killed for lack of memory
  std::set<int64_t> suspects;  // numbers of jobs; empty: all that were running
};

// What the earlier daemon left in `path`.
CrashReport ReadCrashReport(const std::string& path);

// From now on, watches this process and writes into `path`, whose report it replaces. `path` must stay the same for the
// rest of the process. Errors: as PosixError.
absl::Status WatchForCrashes(const std::string& path);

// To be called at an orderly end: nothing that happens later is a crash.
void StopWatchingForCrashes(const std::string& path);

// During its lifetime, a fault on this thread is attributed to the job.
class CrashScope {
 public:
  explicit CrashScope(int64_t job_number);
  ~CrashScope();
  CrashScope(const CrashScope&) = delete;
  CrashScope& operator=(const CrashScope&) = delete;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_CRASH_MARKER_H_
