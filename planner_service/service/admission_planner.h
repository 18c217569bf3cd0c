// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_ADMISSION_PLANNER_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_ADMISSION_PLANNER_H_

#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "planner_service/planning/planner.h"
#include "planner_service/service/planner_metrics.h"

namespace recurve {

struct AdmissionLimits {
  int max_solves = 1;   // plans solved at once, at least 1
  int max_waiting = 0;  // that may wait for one of those to end
};

// Lets another planner work on a bounded number of requests at once. As many more as the limits say wait; the rest are
// refused with RESOURCE_EXHAUSTED at once, so that overload costs nothing. Refers to the other planner and the metrics,
// which must outlive it. Thread-safe.
class AdmissionPlanner final : public Planner {
 public:
  AdmissionPlanner(Planner& inner, const AdmissionLimits& limits, PlannerMetrics& metrics)
      : inner_(inner), limits_(limits), metrics_(metrics) {}

  absl::StatusOr<Plan> MakePlan(const PlanRequest& request, const CancelCheck& cancelled) override;

 private:
  absl::Status Enter(const CancelCheck& cancelled);
  void Leave();
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return solving_ < limits_.max_solves; }

  Planner& inner_;
  const AdmissionLimits limits_;
  PlannerMetrics& metrics_;

  std::mutex mutex_;
  std::condition_variable room_;
  int solving_ ABSL_GUARDED_BY(mutex_) = 0;
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_ADMISSION_PLANNER_H_
