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

// The planners of a job. `chains` plans jobs whose links differ and jobs that may store states on the host.
struct JobPlanners {
  Planner& planner;
  ChainPlanner& chains;
};

// How a job runs within its memory limit: the link length, the sizes, and a plan verified by replay.
struct MemoryPlan : LinkSizing {
  int64_t store_budget_bytes = 0;  // B
  LinkCostKey costs_key;           // what was measured; only if the link was chosen
  MeasuredLink measured;           // the costs of this link
  LinkCosts costs;                 // the same for this sequence
  TransferCosts transfers;         // measured if states may be stored on the host, else 0
  Plan plan;
  ReplayResult replay;

  // Planned bytes by kind, at the peak.
  Ledger PlannedLedger() const;
  // Predicted time of the copies of a sweep, executed sequentially, if states may be stored on the host.
  double TransferSeconds() const;
};

// Sizes the job for each candidate link length, measures link costs within the job's memory unless `known_costs` has
// them, requests a plan for each candidate from `planners`, selects the one with the least predicted time and replays
// it. The same costs give the same link. `process_bytes`: see TrainerOptions.
//
// FAILED_PRECONDITION if a limit cannot hold the job, or one state on the host, with the minimum required;
// INVALID_ARGUMENT if the job's sizes overflow, or it has too many links to plan with the host; INTERNAL if a plan does
// not match its replay; errors of `planners`.
absl::StatusOr<MemoryPlan> PlanMemory(const JobSpec& spec, Backend& backend, const JobPlanners& planners,
                                      LinkCostCache& known_costs, const CancelCheck& cancelled,
                                      int64_t process_bytes = 0);

// A plan for sequences of `links` links, fewer than those of `longest`, within the same memory. plan.feasible says
// whether there is one. INTERNAL and errors of `planners`, as above.
absl::StatusOr<MemoryPlan> PlanShorter(const JobSpec& spec, const MemoryPlan& longest, int64_t links,
                                       const JobPlanners& planners, const CancelCheck& cancelled);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_MEMORY_PLAN_H_
