// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_SOLVE_GATE_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_SOLVE_GATE_H_

#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planner_service/planning/planner.h"
#include "planner_service/service/planner_metrics.h"

namespace recurve {

struct SolveLimits {
  int max_solves = 1;   // done at once, at least 1
  int max_waiting = 0;  // that may wait for one of those to end
};

// Lets a bounded number of solves run at once, whichever RPC they are for. As many more as the limits say wait; the
// rest are refused at once, so that overload costs nothing. Refers to the metrics, which must outlive it. Thread-safe.
//
//   return gate.Run(cancelled, [&] { return Solve(request, cancelled); });
class SolveGate {
 public:
  SolveGate(const SolveLimits& limits, PlannerMetrics& metrics) : limits_(limits), metrics_(metrics) {}

  // What `solve`, a function that returns a Status or StatusOr, returns; RESOURCE_EXHAUSTED when too many wait
  // already; CANCELLED when `cancelled` says so before there is room.
  template <typename Solve>
  auto Run(const CancelCheck& cancelled, Solve solve) -> decltype(solve()) {
    if (absl::Status status = Enter(cancelled); !status.ok()) return status;
    const absl::Cleanup leave = [this] { Leave(); };
    return solve();
  }

 private:
  absl::Status Enter(const CancelCheck& cancelled);
  void Leave();
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return solving_ < limits_.max_solves; }

  const SolveLimits limits_;
  PlannerMetrics& metrics_;

  std::mutex mutex_;
  std::condition_variable room_;
  int solving_ ABSL_GUARDED_BY(mutex_) = 0;
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_SOLVE_GATE_H_
