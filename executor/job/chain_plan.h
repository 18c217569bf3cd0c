// SPDX-License-Identifier: Apache-2.0
//
// Plans of jobs whose links differ, such as those of an encoder and a decoder: the request to a chain planner, and the
// verified plan from its answer.
#ifndef RECURVE_EXECUTOR_JOB_CHAIN_PLAN_H_
#define RECURVE_EXECUTOR_JOB_CHAIN_PLAN_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "executor/model/link_model.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/plan.h"
#include "planner_service/planning/planner.h"
#include "planner_service/schedule/replay.h"

namespace recurve {

// Bytes of the store when every tape of `model` is kept: all but the last link's tape, and the states between.
int64_t StoreAllBytes(const LinkModel& model);

// The costs of each link of `model`, given their mean.
std::vector<LinkCosts> CostsOfLinks(const LinkModel& model, const LinkCosts& mean);

struct ChainQuestion {
  ChainRequest request;
  double unit_seconds = 0;  // seconds per unit of the request's costs
};

// Asks for the cheapest plan for the links of `model` with `store_bytes` for stored states and tapes. `costs` has one
// entry per link, bit-identical for identical links: consecutive links of equal sizes and costs form one segment, and
// the planner's work grows with the square of the number of segments.
ChainQuestion AskForChain(const LinkModel& model, std::span<const LinkCosts> costs, int64_t store_bytes);

// A plan verified by replay.
struct CheckedChainPlan {
  Plan plan;  // kAuto; any budget is feasible
  ReplayResult replay;
  int64_t store_all_store_bytes = 0;  // store bytes of store-all, which keeps every tape
};

// Asks `planner` and replays its answer. Errors: INTERNAL if the replay does not match the answer; those of `planner`,
// such as INVALID_ARGUMENT for too many links.
absl::StatusOr<CheckedChainPlan> PlanChainOf(const ChainQuestion& question, ChainPlanner& planner,
                                             const CancelCheck& cancelled);

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_JOB_CHAIN_PLAN_H_
