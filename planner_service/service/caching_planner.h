// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_CACHING_PLANNER_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_CACHING_PLANNER_H_

#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "planner_service/planning/planner.h"
#include "planner_service/process/mutex.h"
#include "planner_service/service/plan_key.h"
#include "planner_service/service/plan_memo.h"
#include "planner_service/service/planner_metrics.h"

namespace recurve {

// Caches the plans of another planner, up to a limit in bytes, and lets simultaneous equal requests share one solve.
// The first of them solves in its own thread; the others wait. The solve continues until all of them have been
// cancelled. Errors are shared but not cached. The other planner and the metrics must outlive it. Thread-safe.
//
//   CachingPlanner planner(solver, 256 << 20, metrics);
class CachingPlanner final : public Planner {
 public:
  CachingPlanner(Planner& inner, int64_t max_bytes, PlannerMetrics& metrics)
      : inner_(inner), metrics_(metrics), memo_(max_bytes) {
    metrics_.memo_capacity_bytes.Set(static_cast<double>(max_bytes));
  }

  absl::StatusOr<Plan> MakePlan(const PlanRequest& request, const CancelCheck& cancelled) override;

 private:
  using SharedPlan = absl::StatusOr<std::shared_ptr<const Plan>>;
  struct Flight;  // a solve in progress

  SharedPlan FindOrSolve(const PlanRequest& request, const CancelCheck& cancelled);
  SharedPlan Solve(const PlanRequest& request, const PlanKey& key, const std::shared_ptr<Flight>& flight,
                   const CancelCheck& cancelled);
  SharedPlan Wait(Flight& flight, const CancelCheck& cancelled);

  // Whether no request waits for the flight; if so, no further request can join it.
  bool Abandon(const PlanKey& key, const Flight& flight);
  void Land(const PlanKey& key, const Flight& flight) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Planner& inner_;
  PlannerMetrics& metrics_;

  Mutex mutex_;
  PlanMemo memo_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<PlanKey, std::shared_ptr<Flight>> flights_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_CACHING_PLANNER_H_
