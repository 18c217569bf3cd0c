// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/caching_planner.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <utility>

#include "planner_service/process/failures.h"
#include "planner_service/status/retry_delay.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

absl::StatusOr<std::shared_ptr<const Plan>> Share(absl::StatusOr<Plan> plan) {
  if (!plan.ok()) return plan.status();
  plan->schedule.runs.shrink_to_fit();
  return std::make_shared<const Plan>(*std::move(plan));
}

// How often a waiting request checks for cancellation. The interval grows, so that a thousand requests waiting for one
// long solve do not take processor time from it.
constexpr std::chrono::milliseconds kFirstPoll{1};
constexpr std::chrono::milliseconds kLongestPoll{50};

}  // namespace

struct CachingPlanner::Flight {
  // All guarded by the planner's mutex, which an annotation here cannot name.
  int64_t waiting = 0;
  bool landed = false;
  SharedPlan plan;  // set when landed
  std::condition_variable_any landing;
};

absl::StatusOr<Plan> CachingPlanner::MakePlan(const PlanRequest& request, const CancelCheck& cancelled) {
  const SharedPlan shared = FindOrSolve(request, cancelled);
  if (!shared.ok()) return shared.status();
  Plan plan = **shared;
  if (request.costs && plan.feasible) {
    plan.predicted_seconds = PredictSeconds(plan.forward_count, request.length, *request.costs);
  }
  return plan;
}

CachingPlanner::SharedPlan CachingPlanner::FindOrSolve(const PlanRequest& request, const CancelCheck& cancelled) {
  RETURN_IF_ERROR(CheckRequest(request));
  const PlanKey key = KeyOf(request);
  while (true) {
    std::shared_ptr<Flight> flight;
    bool first = false;
    {
      const MutexLock lock(mutex_);
      if (std::shared_ptr<const Plan> plan = memo_.Find(key)) {
        metrics_.memo_hits.Increment();
        return plan;
      }
      std::shared_ptr<Flight>& current = flights_[key];
      first = current == nullptr;
      if (first) current = std::make_shared<Flight>();
      flight = current;
      if (!first) ++flight->waiting;
    }
    if (first) return Solve(request, key, flight, cancelled);
    SharedPlan plan = Wait(*flight, cancelled);
    // The first request was refused for its deadline or for what its client had in progress; this one may not be.
    if (!RetryDelayOf(plan.status()) && !absl::IsDeadlineExceeded(plan.status())) return plan;
  }
}

CachingPlanner::SharedPlan CachingPlanner::Solve(const PlanRequest& request, const PlanKey& key,
                                                 const std::shared_ptr<Flight>& flight, const CancelCheck& cancelled) {
  metrics_.memo_misses.Increment();
  PlanRequest without_costs = request;
  without_costs.costs.reset();
  // Even if the solve throws, waiting requests must be notified and the next request must solve again.
  SharedPlan plan = CatchFailures("the plan", [&] {
    return Share(inner_.MakePlan(without_costs, [&] { return cancelled && cancelled() && Abandon(key, *flight); }));
  });
  {
    const MutexLock lock(mutex_);
    Land(key, *flight);
    flight->plan = plan;
    flight->landed = true;
    if (plan.ok()) metrics_.memo_evictions.Increment(static_cast<double>(memo_.Insert(key, *plan)));
    metrics_.memo_bytes.Set(static_cast<double>(memo_.bytes()));
    metrics_.memo_entries.Set(static_cast<double>(memo_.entries()));
  }
  flight->landing.notify_all();
  return plan;
}

CachingPlanner::SharedPlan CachingPlanner::Wait(Flight& flight, const CancelCheck& cancelled) {
  metrics_.memo_shared.Increment();
  std::chrono::milliseconds poll = kFirstPoll;
  MutexLock lock(mutex_);
  while (!flight.landing.wait_for(lock, poll, [&flight] { return flight.landed; })) {
    lock.unlock();  // the callback may take its own locks
    const bool gone = cancelled && cancelled();
    lock.lock();
    if (gone && !flight.landed) {
      --flight.waiting;
      return absl::CancelledError("cancelled while waiting for an equal request's plan");
    }
    poll = std::min(2 * poll, kLongestPoll);
  }
  return flight.plan;
}

bool CachingPlanner::Abandon(const PlanKey& key, const Flight& flight) {
  const MutexLock lock(mutex_);
  if (flight.waiting > 0) return false;
  Land(key, flight);
  return true;
}

void CachingPlanner::Land(const PlanKey& key, const Flight& flight) {
  const auto found = flights_.find(key);
  if (found != flights_.end() && found->second.get() == &flight) flights_.erase(found);
}

}  // namespace recurve
