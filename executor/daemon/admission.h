// SPDX-License-Identifier: Apache-2.0
//
// Which job starts next on a device, by bytes.
#ifndef RECURVE_EXECUTOR_DAEMON_ADMISSION_H_
#define RECURVE_EXECUTOR_DAEMON_ADMISSION_H_

#include <cstdint>
#include <optional>
#include <vector>

namespace recurve {

struct WaitingJob {
  int64_t number = 0;
  int32_t priority = 0;
  int64_t bytes = 0;         // needed; 0: known only once the job is planned
  int64_t at_least = 1;      // a lower bound while `bytes` is 0
  int64_t most = INT64_MAX;  // that the quota of its owner leaves
  bool alone = false;        // may only run while no other job does
};

struct RunningJob {
  int64_t number = 0;
  int32_t priority = 0;
  int64_t promised = 0;  // bytes
  bool alone = false;
  bool stopping = false;  // has been asked to stop
  bool settling = false;  // is being planned, after which its promise may become smaller
};

struct Admission {
  std::optional<int64_t> start;  // number of the job to start
  int64_t promised = 0;          // bytes for it
  std::vector<int64_t> preempt;  // numbers of running jobs to stop instead, so that a more important one can start
};

// The next step for a device with a budget of `budget` bytes. The first job in order of priority (highest first) and
// number starts if its bytes are free; while it waits, none overtakes it. Jobs that need more than the quota of their
// owner leaves are passed over. A job whose need is not known yet is promised everything that is free, within that
// quota, until it is planned. If stopping running jobs of lower priority lets the first one start,
// the fewest necessary are preempted, once no promise is about to become smaller: those of the lowest priority first,
// and of these the newest.
Admission Admit(int64_t budget, const std::vector<WaitingJob>& waiting, const std::vector<RunningJob>& running);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_ADMISSION_H_
