// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_SOLVE_GATE_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_SOLVE_GATE_H_

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planner_service/planning/planner.h"
#include "planner_service/process/mutex.h"
#include "planner_service/service/call_scope.h"
#include "planner_service/service/fair_queue.h"
#include "planner_service/service/planner_metrics.h"
#include "planner_service/service/price.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

struct SolveLimits {
  // Concurrent solves, at least 1. One of them is kept for small requests; if there is only one, they get a second.
  int max_solves = 1;
  int max_waiting = 0;                                      // requests of each lane that wait for one of those to end
  std::chrono::milliseconds longest_solve{10'000};          // regardless of the caller's deadline
  int64_t max_bytes = std::numeric_limits<int64_t>::max();  // memory of all large solves, as priced
};

// Admits requests to a limited number of concurrent solves over all RPCs and measures them.
//
// Requests of a low price have a lane of their own, so that they do not wait for large ones: large solves leave one
// solver free, and neither lane can take the last solver that the other waits for. In each lane, clients (CallScope)
// take turns, and a limited number of requests waits; when there are more, the newest of the client that has the most
// is rejected, so that overload costs little and falls on those that cause it.
//
// A request that cannot succeed is rejected before it is solved: if its price is above a limit, or if it would have to
// wait until after its deadline. A solve that takes too long nevertheless is stopped. The metrics must outlive it.
// Thread-safe.
//
//   return gate.Run(PriceOf(request), cancelled, [&](const CancelCheck& stop) { return Solve(request, stop); });
class SolveGate {
 public:
  SolveGate(const SolveLimits& limits, PlannerMetrics& metrics)
      : limits_(limits), slots_(limits.max_solves + (limits.max_solves == 1 ? 1 : 0)), metrics_(metrics) {}

  // Calls `solve` with a check that it must poll, and returns its StatusOr. FAILED_PRECONDITION when the price is above
  // a limit or the solve took too long; DEADLINE_EXCEEDED when the price is above what the deadline leaves;
  // RESOURCE_EXHAUSTED with a retry delay when too many requests are waiting, or too many for the deadline; CANCELLED
  // when `cancelled` returns true before a solver is free.
  template <typename Solve>
  auto Run(const Price& price, const CancelCheck& cancelled, Solve solve) -> decltype(solve(cancelled)) {
    RETURN_IF_ERROR(CheckPrice(price));
    RETURN_IF_ERROR(Enter(price, cancelled));
    const TimePoint start = Clock::now();
    const absl::Cleanup leave = [this, &price, start] { Leave(price, Clock::now() - start); };
    bool overdue = false;
    auto answer = solve([&] {
      if (cancelled && cancelled()) return true;
      overdue = Clock::now() - start >= limits_.longest_solve;
      return overdue;
    });
    if (overdue && absl::IsCancelled(answer.status())) return TakesTooLong(price);
    return answer;
  }

 private:
  using Clock = std::chrono::steady_clock;
  using TimePoint = Clock::time_point;

  enum class State : uint8_t { kWaiting, kAdmitted, kRejected };
  // All guarded by the gate's mutex, which an annotation here cannot name.
  struct Waiter {
    const Price& price;
    const std::string& client;
    State state = State::kWaiting;
    std::condition_variable_any changed;
  };
  struct Queue {
    FairQueue<Waiter> waiting;
    int solving = 0;
    double recent_seconds = 0;  // of a solve, averaged over the last ones
  };

  absl::Status CheckPrice(const Price& price) const;
  absl::Status Enter(const Price& price, const CancelCheck& cancelled);
  absl::Status Join(Waiter& waiter, const CallOrigin& origin);
  absl::Status Wait(Waiter& waiter, const CancelCheck& cancelled);
  void Leave(const Price& price, std::chrono::duration<double> solve_time);
  absl::Status TakesTooLong(const Price& price) const;

  Queue& QueueOf(Lane lane) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return queues_[static_cast<size_t>(lane)]; }
  // Admits as many waiting requests as there is room for.
  void Admit() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool MayStart(Lane lane) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // An estimate of the time until a further request of `client` would start.
  std::chrono::duration<double> WaitOf(Lane lane, const std::string& client) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CountWaiting(Lane lane) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const SolveLimits limits_;
  const int slots_;
  PlannerMetrics& metrics_;

  Mutex mutex_;
  std::array<Queue, kLanes> queues_ ABSL_GUARDED_BY(mutex_);  // by lane
  int64_t large_bytes_ ABSL_GUARDED_BY(mutex_) = 0;           // of the large solves in progress
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_SOLVE_GATE_H_
