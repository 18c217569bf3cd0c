// SPDX-License-Identifier: Apache-2.0
#include "tests/planner_service/planning/checked_plan.h"

#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "planner_service/schedule/replay.h"

namespace recurve {
namespace {

std::string Describe(const PlanRequest& request) {
  std::ostringstream text;
  text << ToString(request.strategy) << " of " << request.length << " links";
  if (const auto* bytes = std::get_if<ByteBudget>(&request.budget)) {
    text << ", state " << bytes->state_bytes << ", tape " << bytes->tape_bytes << ", budget " << bytes->budget_bytes;
  } else {
    const auto& slots = std::get<SlotBudget>(request.budget);
    text << ", slots " << slots.slots << ", alpha " << slots.alpha;
  }
  return text.str();
}

void CheckFeasible(const PlanRequest& request, const Plan& plan) {
  ReplayCosts costs;
  int64_t budget = 0;
  if (const auto* bytes = std::get_if<ByteBudget>(&request.budget)) {
    costs = {.state_bytes = bytes->state_bytes, .tape_bytes = bytes->tape_bytes};
    budget = bytes->budget_bytes;
  } else {
    const auto& slots = std::get<SlotBudget>(request.budget);
    costs.tape_bytes = request.strategy == Strategy::kIsm ? 0 : slots.alpha - 1;
    budget = slots.slots;
  }
  ASSERT_TRUE(CheckWellFormed(plan.schedule).ok()) << CheckWellFormed(plan.schedule);
  EXPECT_EQ(plan.schedule.length(), request.length);
  const absl::StatusOr<ReplayResult> replay = Replay(plan.schedule, costs, kMaxActionsPerLink * request.length);
  ASSERT_TRUE(replay.ok()) << replay.status();
  EXPECT_EQ(replay->forward_count, plan.forward_count);
  EXPECT_EQ(replay->taped_count, request.length);
  if (std::holds_alternative<ByteBudget>(request.budget)) {
    EXPECT_EQ(plan.peak_bytes, replay->peak_bytes);
    EXPECT_LE(plan.peak_bytes, budget);
    EXPECT_EQ(plan.peak_slots, 0);
  } else {
    EXPECT_EQ(plan.peak_slots, replay->peak_paper_bytes);
    EXPECT_LE(plan.peak_slots, budget);
    EXPECT_EQ(plan.peak_bytes, 0);
  }
  EXPECT_LE(plan.forward_count_lower_bound, plan.forward_count);
  EXPECT_GE(plan.forward_count_lower_bound, request.length);
  EXPECT_GE(plan.forward_count_upper_bound, plan.forward_count);
  EXPECT_LE(plan.smallest_feasible_budget, budget);
}

}  // namespace

Plan CheckedPlan(const PlanRequest& request) {
  SCOPED_TRACE(Describe(request));
  EmbeddedPlanner planner;
  absl::StatusOr<Plan> plan = planner.MakePlan(request, {});
  EXPECT_TRUE(plan.ok()) << plan.status();
  if (!plan.ok()) return Plan();
  EXPECT_EQ(plan->strategy, request.strategy);
  if (plan->feasible) CheckFeasible(request, *plan);
  return *std::move(plan);
}

}  // namespace recurve
