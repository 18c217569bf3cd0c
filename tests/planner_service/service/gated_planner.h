// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_TESTS_PLANNER_SERVICE_SERVICE_GATED_PLANNER_H_
#define RECURVE_TESTS_PLANNER_SERVICE_SERVICE_GATED_PLANNER_H_

#include <condition_variable>

#include "absl/base/thread_annotations.h"
#include "planner_service/planning/planner.h"
#include "planner_service/process/mutex.h"

namespace recurve {

// Solves like EmbeddedPlanner, but only once its gate is open, and counts. While the gate is closed it polls for
// cancellation as a long solve does.
class GatedPlanner final : public Planner {
 public:
  explicit GatedPlanner(bool open) : open_(open) {}

  absl::StatusOr<Plan> MakePlan(const PlanRequest& request, const CancelCheck& cancelled) override;

  void Open();
  void Close();
  // Waits until a total of `calls` requests have arrived.
  void AwaitCalls(int calls);
  // Waits until a total of `ends` requests have ended.
  void AwaitEnds(int ends);
  int calls() const;
  int cancellations() const;
  int most_at_once() const;

 private:
  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  bool open_ ABSL_GUARDED_BY(mutex_);
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
  int ends_ ABSL_GUARDED_BY(mutex_) = 0;
  int cancellations_ ABSL_GUARDED_BY(mutex_) = 0;
  int most_at_once_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace recurve

#endif  // RECURVE_TESTS_PLANNER_SERVICE_SERVICE_GATED_PLANNER_H_
