// SPDX-License-Identifier: Apache-2.0
#include "tests/planner_service/service/gated_planner.h"

#include <algorithm>
#include <chrono>

namespace recurve {

absl::StatusOr<Plan> GatedPlanner::MakePlan(const PlanRequest& request, const CancelCheck& cancelled) {
  bool gone = false;
  {
    MutexLock lock(mutex_);
    ++calls_;
    most_at_once_ = std::max(most_at_once_, calls_ - ends_);
    changed_.notify_all();
    while (!gone && !changed_.wait_for(lock, std::chrono::milliseconds(1),
                                       [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return open_; })) {
      lock.unlock();
      gone = cancelled && cancelled();
      lock.lock();
    }
  }
  absl::StatusOr<Plan> plan = absl::CancelledError("the gated planner was cancelled");
  if (!gone) plan = EmbeddedPlanner().MakePlan(request, cancelled);
  const MutexLock lock(mutex_);
  ++ends_;
  if (gone) ++cancellations_;
  changed_.notify_all();
  return plan;
}

void GatedPlanner::Open() {
  const MutexLock lock(mutex_);
  open_ = true;
  changed_.notify_all();
}

void GatedPlanner::Close() {
  const MutexLock lock(mutex_);
  open_ = false;
}

void GatedPlanner::AwaitCalls(int calls) {
  MutexLock lock(mutex_);
  changed_.wait(lock, [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return calls_ >= calls; });
}

void GatedPlanner::AwaitEnds(int ends) {
  MutexLock lock(mutex_);
  changed_.wait(lock, [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return ends_ >= ends; });
}

int GatedPlanner::calls() const {
  const MutexLock lock(mutex_);
  return calls_;
}

int GatedPlanner::cancellations() const {
  const MutexLock lock(mutex_);
  return cancellations_;
}

int GatedPlanner::most_at_once() const {
  const MutexLock lock(mutex_);
  return most_at_once_;
}

}  // namespace recurve
