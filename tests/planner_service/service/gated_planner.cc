// SPDX-License-Identifier: Apache-2.0
#include "tests/planner_service/service/gated_planner.h"

#include <algorithm>

#include "absl/time/time.h"

namespace recurve {

absl::StatusOr<Plan> GatedPlanner::MakePlan(const PlanRequest& request, const CancelCheck& cancelled) {
  bool gone = false;
  {
    absl::MutexLock lock(&mutex_);
    ++calls_;
    most_at_once_ = std::max(most_at_once_, calls_ - ends_);
    while (!open_ && !gone) {
      mutex_.AwaitWithTimeout(absl::Condition(&open_), absl::Milliseconds(1));
      mutex_.Unlock();
      gone = cancelled && cancelled();
      mutex_.Lock();
    }
  }
  absl::StatusOr<Plan> plan = absl::CancelledError("the gated planner was cancelled");
  if (!gone) plan = EmbeddedPlanner().MakePlan(request, cancelled);
  absl::MutexLock lock(&mutex_);
  ++ends_;
  if (gone) ++cancellations_;
  return plan;
}

void GatedPlanner::Open() {
  absl::MutexLock lock(&mutex_);
  open_ = true;
}

void GatedPlanner::Close() {
  absl::MutexLock lock(&mutex_);
  open_ = false;
}

void GatedPlanner::AwaitCalls(int calls) {
  const auto arrived = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return calls_ >= calls; };
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&arrived));
}

void GatedPlanner::AwaitEnds(int ends) {
  const auto ended = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return ends_ >= ends; };
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&ended));
}

int GatedPlanner::calls() const {
  absl::MutexLock lock(&mutex_);
  return calls_;
}

int GatedPlanner::cancellations() const {
  absl::MutexLock lock(&mutex_);
  return cancellations_;
}

int GatedPlanner::most_at_once() const {
  absl::MutexLock lock(&mutex_);
  return most_at_once_;
}

}  // namespace recurve
