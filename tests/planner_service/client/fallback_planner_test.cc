// SPDX-License-Identifier: Apache-2.0
#include "planner_service/client/fallback_planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "tests/planner_service/client/spoiling_planner.h"

namespace recurve {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// Its plan stores states and tapes, and computes nearly every link twice.
PlanRequest Request() {
  return {.length = 100,
          .budget = ByteBudget{.state_bytes = 64, .tape_bytes = 256, .budget_bytes = 2000},
          .costs = LinkCosts{1, 2, 3}};
}

// Its plan uses both stores.
TwoLevelRequest OffloadRequest() {
  return {.length = 60,
          .state_bytes = 64,
          .tape_bytes = 256,
          .forward_cost = 10,
          .taped_forward_cost = 12,
          .backward_cost = 20,
          .device = {.bytes = 700},
          .host = {.bytes = 256, .write_cost = 1, .read_cost = 1}};
}

class FallbackPlannerTest : public testing::Test {
 protected:
  FallbackPlanner PlannerAt(const std::string& target) {
    return FallbackPlanner({.target = target, .timeout = std::chrono::seconds(20)},
                           [this](const Fallback& fallback) { fallbacks_.push_back(fallback); });
  }

  std::vector<Fallback> fallbacks_;
};

TEST_F(FallbackPlannerTest, WithoutAServiceItPlansHere) {
  FallbackPlanner planner = PlannerAt("");
  EXPECT_EQ(planner.MakePlan(Request(), {})->forward_count, EmbeddedPlanner().MakePlan(Request(), {})->forward_count);
  EXPECT_FALSE(planner.uses_service());
  EXPECT_THAT(fallbacks_, IsEmpty());
}

TEST_F(FallbackPlannerTest, TakesTheServicesPlansWhereTheyAreRight) {
  const SpoilingPlanner service;
  FallbackPlanner planner = PlannerAt(service.target());
  PlanRequest request = Request();
  for (const Strategy strategy : {Strategy::kAuto, Strategy::kStoreAll, Strategy::kChen, Strategy::kHsm}) {
    request.strategy = strategy;  // the second is not feasible in this budget
    const Plan own = *EmbeddedPlanner().MakePlan(request, {});
    const absl::StatusOr<Plan> plan = planner.MakePlan(request, {});
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_EQ(plan->feasible, own.feasible);
    EXPECT_EQ(plan->forward_count, own.forward_count);
  }
  request = {.length = 40, .strategy = Strategy::kMsm, .budget = SlotBudget{.slots = 12, .alpha = 3}};
  ASSERT_TRUE(planner.MakePlan(request, {}).ok());
  ASSERT_TRUE(planner.PlanTwoLevel(OffloadRequest(), {}).ok());
  EXPECT_TRUE(planner.uses_service());
  EXPECT_EQ(service.plan_calls(), 5);
  EXPECT_EQ(service.two_level_calls(), 1);
  EXPECT_THAT(fallbacks_, IsEmpty());
}

TEST_F(FallbackPlannerTest, AnyLieOrErrorEndsTheUseOfTheService) {
  const Plan own = *EmbeddedPlanner().MakePlan(Request(), {});
  ASSERT_GT(own.forward_count, 150);
  for (const Lie& lie : Lies()) {
    SCOPED_TRACE(lie.name);
    fallbacks_.clear();
    const SpoilingPlanner service(lie.spoil);
    FallbackPlanner planner = PlannerAt(service.target());
    const absl::StatusOr<Plan> plan = planner.MakePlan(Request(), {});
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_EQ(plan->schedule, own.schedule);
    EXPECT_EQ(plan->forward_count, own.forward_count);
    EXPECT_EQ(plan->peak_bytes, own.peak_bytes);
    EXPECT_FALSE(planner.uses_service());
    ASSERT_EQ(fallbacks_.size(), 1);
    EXPECT_EQ(ToString(fallbacks_.front().reason), ToString(lie.reason)) << fallbacks_.front().why;
    EXPECT_THAT(fallbacks_.front().why, HasSubstr(service.target()));
    const int calls = service.plan_calls();
    EXPECT_TRUE(planner.MakePlan(Request(), {}).ok());
    EXPECT_TRUE(planner.PlanTwoLevel(OffloadRequest(), {}).ok());
    EXPECT_EQ(service.plan_calls(), calls) << "it is not asked again";
    EXPECT_EQ(service.two_level_calls(), 0);
    EXPECT_EQ(fallbacks_.size(), 1);
  }
}

TEST_F(FallbackPlannerTest, SaysHowMuchWorseAPlanIs) {
  const SpoilingPlanner service({.plan = [](const auto& request, auto& response) {
    response = PlanIn(0, request);
    return grpc::Status::OK;
  }});
  FallbackPlanner planner = PlannerAt(service.target());
  const Plan plan = *planner.MakePlan(Request(), {});
  ASSERT_EQ(fallbacks_.size(), 1);
  EXPECT_EQ(fallbacks_.front().why, "planner at " + service.target() + " has a plan of 5050 forwards where " +
                                        std::to_string(plan.forward_count) + " suffice");
}

TEST_F(FallbackPlannerTest, LiesAboutPlansWithStatesOnTheHost) {
  const TwoLevelPlan own = *EmbeddedChainPlanner().PlanTwoLevel(OffloadRequest(), {});
  ASSERT_GT(own.host.writes, 0);
  for (const Lie& lie : TwoLevelLies()) {
    SCOPED_TRACE(lie.name);
    fallbacks_.clear();
    const SpoilingPlanner service(lie.spoil);
    FallbackPlanner planner = PlannerAt(service.target());
    const absl::StatusOr<TwoLevelPlan> plan = planner.PlanTwoLevel(OffloadRequest(), {});
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_EQ(plan->cost, own.cost);
    EXPECT_FALSE(planner.uses_service());
    ASSERT_EQ(fallbacks_.size(), 1);
    EXPECT_EQ(ToString(fallbacks_.front().reason), ToString(lie.reason)) << fallbacks_.front().why;
  }
}

// An error in the request itself does not cause a fallback.
TEST_F(FallbackPlannerTest, AWrongRequestIsWrongHereToo) {
  const SpoilingPlanner service;
  FallbackPlanner planner = PlannerAt(service.target());
  PlanRequest request = Request();
  request.length = 0;
  EXPECT_EQ(planner.MakePlan(request, {}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(planner.MakePlan(Request(), [] { return true; }).status().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(planner.uses_service());
  EXPECT_THAT(fallbacks_, IsEmpty());
}

}  // namespace
}  // namespace recurve
