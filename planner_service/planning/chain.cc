// SPDX-License-Identifier: Apache-2.0
#include "planner_service/planning/chain.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/planning/mixed_chain.h"
#include "planner_service/planning/plan_check.h"
#include "planner_service/planning/two_level.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

int64_t StoreAllCost(const ChainRequest& request) {
  int64_t cost = 0;
  for (const ChainSegment& segment : request.segments) {
    cost += segment.links * (segment.taped_forward_cost + segment.backward_cost);
  }
  return cost;
}

int64_t StoreAllBytes(const LinkSums& sums) {
  const int64_t last = sums.length() - 1;
  return sums.TapeBytes(0, last) + sums.StateBytes(std::min<int64_t>(1, last), last);
}

int64_t WorkingSetBytes(const ChainRequest& request) {
  int64_t state = request.final_state_bytes;
  int64_t tape = 0;
  for (const ChainSegment& segment : request.segments) {
    state = std::max(state, segment.state_bytes);
    tape = std::max(tape, segment.tape_bytes);
  }
  return 3 * state + tape;
}

std::vector<ChainCorner> CurveOf(const ParetoFrontier& frontier, const ChainRequest& request) {
  std::vector<ChainCorner> curve;
  if (request.max_corners == 0) return curve;
  const ParetoFrontier shown = Thinned(frontier, std::max<size_t>(2, request.max_corners), Rounding::kUp);
  for (const ParetoPoint& point : shown) {
    curve.push_back({.bytes = point.bytes, .cost = StoreAllCost(request) + point.cost});
  }
  if (curve.size() > static_cast<size_t>(request.max_corners)) curve.erase(curve.begin());
  return curve;
}

// A lower bound on the cost of the forwards without tape, from the frontiers of all parts rounded down.
absl::StatusOr<int64_t> LowerBound(const ChainRequest& request, const LinkSums& sums, int64_t max_bytes,
                                   int64_t max_points, const CancelCheck& cancelled) {
  MixedChain chain(request.segments, sums, max_bytes, max_points, Rounding::kDown);
  RETURN_IF_ERROR(chain.Solve(cancelled));
  return PointWithin(chain.frontier(), request.budget_bytes).cost;
}

absl::Status Broken(absl::string_view what, int64_t counted, int64_t claimed) {
  return absl::InternalError(
      absl::StrCat("the replay of the plan counts ", counted, " as its ", what, "; the solver claims ", claimed));
}

}  // namespace

absl::StatusOr<ChainPlan> EmbeddedChainPlanner::PlanChain(const ChainRequest& request, const CancelCheck& cancelled) {
  RETURN_IF_ERROR(CheckRequest(request));
  const LinkSums sums = SumLinks(request.segments);
  const int64_t max_bytes = request.max_corners > 0 ? INT64_MAX : request.budget_bytes;
  MixedChain chain(request.segments, sums, max_bytes, max_points_, Rounding::kUp);
  RETURN_IF_ERROR(chain.Solve(cancelled));
  ChainPlan plan = {.working_set_bytes = WorkingSetBytes(request),
                    .store_all_cost = StoreAllCost(request),
                    .store_all_bytes = StoreAllBytes(sums),
                    .curve = CurveOf(chain.frontier(), request)};
  ASSIGN_OR_RETURN(Schedule schedule, chain.MakeSchedule(request.budget_bytes, cancelled));
  plan.schedule = std::move(schedule);

  ASSIGN_OR_RETURN(const ReplayResult counted, CountPlan(request, sums, plan.schedule, cancelled));
  const int64_t claimed = PointWithin(chain.frontier(), request.budget_bytes).cost;
  if (counted.forward_cost > claimed) return Broken("cost of repeated forwards", counted.forward_cost, claimed);
  plan.cost = plan.store_all_cost + counted.forward_cost;
  plan.peak_bytes = counted.peak_bytes;
  plan.cost_lower_bound = plan.cost;
  if (chain.thinned()) {
    ASSIGN_OR_RETURN(const int64_t least, LowerBound(request, sums, max_bytes, max_points_, cancelled));
    plan.cost_lower_bound = plan.store_all_cost + least;
  }
  return plan;
}

absl::StatusOr<TwoLevelPlan> EmbeddedChainPlanner::PlanTwoLevel(const TwoLevelRequest& request,
                                                                const CancelCheck& cancelled) {
  RETURN_IF_ERROR(CheckRequest(request));
  ASSIGN_OR_RETURN(TwoLevelPlan plan, SolveTwoLevel(request, cancelled));
  ASSIGN_OR_RETURN(const ReplayResult counted, CountPlan(request, plan.schedule, cancelled));
  plan.forward_count = counted.forward_count;
  plan.device_peak_bytes = counted.peak_bytes;
  plan.host_peak_bytes = counted.host_peak_bytes;
  plan.device = counted.device;
  plan.host = counted.host;
  plan.store_all_cost = request.length * (request.taped_forward_cost + request.backward_cost);
  const int64_t cost = CostOf(request, counted);
  if (cost != plan.cost) return Broken("cost", cost, plan.cost);
  return plan;
}

}  // namespace recurve
