// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_SOLVE_GATE_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_SOLVE_GATE_H_

#include <chrono>
#include <condition_variable>

#include "absl/base/thread_annotations.h"
#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planner_service/planning/planner.h"
#include "planner_service/process/mutex.h"
#include "planner_service/service/planner_metrics.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

struct SolveLimits {
  int max_solves = 1;                               // concurrent solves, at least 1
  int max_waiting = 0;                              // requests waiting for one of those to end
  std::chrono::milliseconds longest_solve{10'000};  // regardless of the caller's deadline
};

// Limits the number of concurrent solves over all RPCs and measures them. A limited number of further requests wait;
// the rest are rejected immediately, so that overload costs little. A solve that takes too long is stopped, so that no
// caller can block a solver. The metrics must outlive it. Thread-safe.
//
//   return gate.Run(cancelled, [&](const CancelCheck& stop) { return Solve(request, stop); });
class SolveGate {
 public:
  SolveGate(const SolveLimits& limits, PlannerMetrics& metrics) : limits_(limits), metrics_(metrics) {}

  // Calls `solve` with a check that it must poll, and returns its StatusOr. RESOURCE_EXHAUSTED when too many requests
  // are waiting or the solve took too long; CANCELLED when `cancelled` returns true before a solver is free.
  template <typename Solve>
  auto Run(const CancelCheck& cancelled, Solve solve) -> decltype(solve(cancelled)) {
    RETURN_IF_ERROR(Enter(cancelled));
    const TimePoint start = Clock::now();
    const absl::Cleanup leave = [this, start] { Leave(Clock::now() - start); };
    bool overdue = false;
    auto answer = solve([&] {
      if (cancelled && cancelled()) return true;
      overdue = Clock::now() - start >= limits_.longest_solve;
      return overdue;
    });
    if (overdue && absl::IsCancelled(answer.status())) return TakesTooLong();
    return answer;
  }

 private:
  using Clock = std::chrono::steady_clock;
  using TimePoint = Clock::time_point;

  absl::Status Enter(const CancelCheck& cancelled);
  void Leave(std::chrono::duration<double> solve_time);
  absl::Status TakesTooLong() const;
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return solving_ < limits_.max_solves; }

  const SolveLimits limits_;
  PlannerMetrics& metrics_;

  Mutex mutex_;
  std::condition_variable_any room_;
  int solving_ ABSL_GUARDED_BY(mutex_) = 0;
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_SOLVE_GATE_H_
