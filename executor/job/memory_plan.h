// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_JOB_MEMORY_PLAN_H_
#define RECURVE_EXECUTOR_JOB_MEMORY_PLAN_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/engine/trainer.h"
#include "executor/engine/transfer_costs.h"
#include "executor/job/job_spec.h"
#include "executor/job/link_cost_cache.h"
#include "executor/job/link_sizing.h"
#include "planner_service/model/memory_ledger.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/plan.h"
#include "planner_service/planning/planner.h"
#include "planner_service/schedule/replay.h"

namespace recurve {

// Who plans a job; `chains` where its links differ, or states may be stored on the host.
struct JobPlanners {
  Planner& planner;
  ChainPlanner& chains;
};

// How a job is run in its memory: the link, the bytes, and a plan that was replayed and keeps them.
struct MemoryPlan : LinkSizing {
  int64_t store_budget_bytes = 0;  // B
  LinkCostKey costs_key;           // what was measured; only where the link was chosen
  MeasuredLink measured;           // of it, this link
  LinkCosts costs;                 // in this sequence
  TransferCosts transfers;         // measured where states may be stored on the host, else 0
  Plan plan;
  ReplayResult replay;

  // Planned bytes by kind, at the moment when most are live.
  Ledger PlannedLedger() const;
  // Of the copies of a sweep, one after the other, where states may be stored on the host.
  double TransferSeconds() const;
};

// Sizes the job in each link that may do, has measured what links cost (in the memory of the job, unless `known_costs`
// has it), asks `planners` for a plan of each, takes the one of least predicted time and replays it. The same costs
// give the same link. `process_bytes`: see TrainerOptions.
//
// FAILED_PRECONDITION when a limit cannot hold the job, or one state on the host, with the bytes that would do;
// INVALID_ARGUMENT when the job's sizes are beyond counting, or its links too many to plan with the host; INTERNAL when
// a plan does not replay to what it promises; what `planners` return.
absl::StatusOr<MemoryPlan> PlanMemory(const JobSpec& spec, Backend& backend, const JobPlanners& planners,
                                      LinkCostCache& known_costs, const CancelCheck& cancelled,
                                      int64_t process_bytes = 0);

// A plan for sequences of `links` links, fewer than those of `longest`, in its memory. plan.feasible tells whether
// there is one. INTERNAL and what `planners` return, as above.
absl::StatusOr<MemoryPlan> PlanShorter(const JobSpec& spec, const MemoryPlan& longest, int64_t links,
                                       const JobPlanners& planners, const CancelCheck& cancelled);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_MEMORY_PLAN_H_
