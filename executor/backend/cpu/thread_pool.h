// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_BACKEND_CPU_THREAD_POOL_H_
#define RECURVE_EXECUTOR_BACKEND_CPU_THREAD_POOL_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"

namespace recurve::cpu {

// A thread pool for operations of microseconds to milliseconds. Run(f) calls f(i) for each i below size(), f(0) on the
// calling thread, and returns when all have returned. An idle thread spins for some microseconds, in case the next
// operation follows at once, and then sleeps, so that an idle process does not burn processor time.
//
// Denormal floats are flushed to zero in all work: gradients that fade over a thousand steps would otherwise slow down
// a step severely on some processors. The caller's setting is restored when Run returns.
//
// Run allocates nothing. One caller at a time.
class ThreadPool {
 public:
  // `threads` includes the calling one. Returns RESOURCE_EXHAUSTED, with no thread left running, if the system cannot
  // start them all.
  static absl::StatusOr<std::unique_ptr<ThreadPool>> Create(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  template <class Function>
  void Run(const Function& f) {
    RunTask([](const void* context, int thread) { (*static_cast<const Function*>(context))(thread); }, &f);
  }

  // Calls only f(0), for work too small to share.
  template <class Function>
  void RunHere(const Function& f) {
    const FlushDenormals flush;
    f(0);
  }

 private:
  using Task = void (*)(const void* context, int thread);

  // Flushes denormals to zero in this thread during its lifetime.
  class FlushDenormals {
   public:
    FlushDenormals();
    ~FlushDenormals();

   private:
    uint64_t before_;
  };

  ThreadPool() = default;
  void RunTask(Task task, const void* context);
  void Work(int thread);

  std::vector<std::thread> workers_;
  // Written by the caller before it increments round_, read by workers afterwards.
  Task task_ = nullptr;  // null: exit
  const void* context_ = nullptr;
  alignas(64) std::atomic<uint32_t> round_{0};    // counts Runs
  alignas(64) std::atomic<uint32_t> pending_{0};  // workers still running in this round
};

}  // namespace recurve::cpu

#endif  // RECURVE_EXECUTOR_BACKEND_CPU_THREAD_POOL_H_
