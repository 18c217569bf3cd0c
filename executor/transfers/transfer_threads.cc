// SPDX-License-Identifier: Apache-2.0
#include "executor/transfers/transfer_threads.h"

#include <utility>

#include "planner_service/process/failures.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

absl::StatusOr<std::unique_ptr<TransferThreads>> TransferThreads::Start(int count) {
  std::unique_ptr<TransferThreads> threads(new TransferThreads);
  threads->threads_.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(std::thread thread, StartThread("transfers", [pool = threads.get()] { pool->Work(); }));
    threads->threads_.push_back(std::move(thread));
  }
  return threads;
}

TransferThreads::~TransferThreads() {
  {
    const MutexLock lock(mutex_);
    ending_ = true;
  }
  posted_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void TransferThreads::Post(std::function<void()> task) {
  {
    const MutexLock lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  posted_.notify_one();
}

void TransferThreads::Work() {
  MutexLock lock(mutex_);
  for (;;) {
    posted_.wait(lock, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return HasWork(); });
    if (tasks_.empty()) return;
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // frees what it holds without the lock
    lock.lock();
  }
}

}  // namespace recurve
