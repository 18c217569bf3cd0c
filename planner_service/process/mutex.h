// SPDX-License-Identifier: Apache-2.0
//
// Locks checked by clang (-Wthread-safety, scripts/check-locks): each guarded member names its mutex, and code that
// accesses it without the lock is rejected.
//
// absl::Mutex has the same annotations. It is not used because Debian builds it without ThreadSanitizer, which then
// does not see its locks and reports every guarded access as a race. It does see the locks of the standard library.
#ifndef RECURVE_PLANNER_SERVICE_PROCESS_MUTEX_H_
#define RECURVE_PLANNER_SERVICE_PROCESS_MUTEX_H_

#include <mutex>

#include "absl/base/thread_annotations.h"

namespace recurve {

class ABSL_LOCKABLE Mutex {
 public:
  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

// Holds a mutex during its lifetime, except between unlock() and lock(). Can be used to wait on a
// std::condition_variable_any, whose condition must be annotated with ABSL_EXCLUSIVE_LOCKS_REQUIRED.
class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : lock_(mutex) {}
  ~MutexLock() ABSL_UNLOCK_FUNCTION() = default;
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void unlock() ABSL_UNLOCK_FUNCTION() { lock_.unlock(); }
  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { lock_.lock(); }

 private:
  std::unique_lock<Mutex> lock_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PROCESS_MUTEX_H_
