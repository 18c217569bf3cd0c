// SPDX-License-Identifier: Apache-2.0
#include "executor/backend/cpu/thread_pool.h"

#include "absl/strings/str_cat.h"
#include "planner_service/process/failures.h"
#include "planner_service/status/status_macros.h"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace recurve::cpu {
namespace {

constexpr int kSpins = 2000;  // about 20 to 60 microseconds

#if defined(__SSE2__)
void Pause() { _mm_pause(); }
uint64_t FloatControl() { return _mm_getcsr(); }
void SetFloatControl(uint64_t control) { _mm_setcsr(static_cast<uint32_t>(control)); }
constexpr uint64_t kFlushDenormals = 0x8040;  // flush-to-zero, denormals-are-zero
#elif defined(__aarch64__)
void Pause() { __asm__ volatile("yield"); }
uint64_t FloatControl() {
  uint64_t control;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  return control;
}
void SetFloatControl(uint64_t control) { __asm__ volatile("msr fpcr, %0" : : "r"(control)); }
constexpr uint64_t kFlushDenormals = uint64_t{1} << 24;
#else
void Pause() {}
uint64_t FloatControl() { return 0; }
void SetFloatControl(uint64_t) {}
constexpr uint64_t kFlushDenormals = 0;
#endif

// Returns once `value` is no longer `old`.
void WaitWhile(const std::atomic<uint32_t>& value, uint32_t old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    Pause();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadPool::FlushDenormals::FlushDenormals() : before_(FloatControl()) { SetFloatControl(before_ | kFlushDenormals); }

ThreadPool::FlushDenormals::~FlushDenormals() { SetFloatControl(before_); }

absl::StatusOr<std::unique_ptr<ThreadPool>> ThreadPool::Create(int threads) {
  std::unique_ptr<ThreadPool> pool(new ThreadPool);
  pool->workers_.reserve(threads - 1);
  for (int i = 1; i < threads; ++i) {
    ASSIGN_OR_RETURN(std::thread worker, StartThread(absl::StrCat("computation (", i + 1, " of ", threads, ")"),
                                                     [raw = pool.get(), i] { raw->Work(i); }));
    pool->workers_.push_back(std::move(worker));
  }
  return pool;
}

ThreadPool::~ThreadPool() {
  task_ = nullptr;
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::RunTask(Task task, const void* context) {
  const FlushDenormals flush;
  if (!workers_.empty()) {
    task_ = task;
    context_ = context;
    pending_.store(static_cast<uint32_t>(workers_.size()), std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
  }
  task(context, 0);
  for (uint32_t pending = pending_.load(std::memory_order_acquire); pending != 0;
       pending = pending_.load(std::memory_order_acquire)) {
    WaitWhile(pending_, pending);
  }
}

void ThreadPool::Work(int thread) {
  const FlushDenormals flush;
  for (uint32_t seen = 0;; ++seen) {
    WaitWhile(round_, seen);
    if (task_ == nullptr) return;
    task_(context_, thread);
    if (pending_.fetch_sub(1, std::memory_order_acq_rel) == 1) pending_.notify_one();
  }
}

}  // namespace recurve::cpu
