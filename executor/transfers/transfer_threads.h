// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_TRANSFERS_TRANSFER_THREADS_H_
#define RECURVE_EXECUTOR_TRANSFERS_TRANSFER_THREADS_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "planner_service/process/mutex.h"

namespace recurve {

// Threads that work on files for streams, so that gRPC's threads never wait for a disk. A stream posts one short task
// at a time, such as a chunk, so that all of them proceed. Thread-safe.
class TransferThreads {
 public:
  // RESOURCE_EXHAUSTED if the system refuses a thread.
  static absl::StatusOr<std::unique_ptr<TransferThreads>> Start(int count);

  // Waits until everything posted has run.
  ~TransferThreads();
  TransferThreads(const TransferThreads&) = delete;
  TransferThreads& operator=(const TransferThreads&) = delete;

  // Runs `task`, which must not throw, after those posted before.
  void Post(std::function<void()> task);

 private:
  TransferThreads() = default;
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return ending_ || !tasks_.empty(); }
  void Work();

  Mutex mutex_;
  std::condition_variable_any posted_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_TRANSFERS_TRANSFER_THREADS_H_
