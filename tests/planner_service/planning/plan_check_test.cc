// SPDX-License-Identifier: Apache-2.0
#include "planner_service/planning/plan_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>

namespace recurve {
namespace {

using testing::HasSubstr;

PlanRequest RandomRequest(std::mt19937_64& random) {
  PlanRequest request{.length = static_cast<int64_t>(1 + random() % 60),
                      .strategy = static_cast<Strategy>(random() % 6)};
  if (request.strategy == Strategy::kIsm || request.strategy == Strategy::kMsm) {
    request.budget = SlotBudget{static_cast<int64_t>(1 + random() % 30), static_cast<int64_t>(1 + random() % 4)};
  } else {
    request.budget = ByteBudget{static_cast<int64_t>(1 + random() % 9), static_cast<int64_t>(random() % 20),
                                static_cast<int64_t>(random() % 500)};
  }
  if (random() % 2 == 0) request.costs = LinkCosts{0.5, 0.25, 1.5};
  return request;
}

TEST(PlanCheck, AcceptsPlansAndNoFigureThatIsAnother) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 500; ++i) {
    const PlanRequest request = RandomRequest(random);
    const absl::StatusOr<Plan> plan = EmbeddedPlanner().MakePlan(request, {});
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_TRUE(CheckPlan(request, *plan).ok()) << CheckPlan(request, *plan);
    if (!plan->feasible) continue;
    for (int64_t Plan::*figure : {&Plan::forward_count, &Plan::peak_bytes, &Plan::peak_slots}) {
      for (const int64_t by : {-1, 1}) {
        Plan other = *plan;
        other.*figure += by;
        EXPECT_FALSE(CheckPlan(request, other).ok());
      }
    }
    if (request.costs) {
      for (const double seconds : {0.0, *plan->predicted_seconds * 1.01, std::numeric_limits<double>::quiet_NaN()}) {
        Plan other = *plan;
        other.predicted_seconds = seconds;
        EXPECT_FALSE(CheckPlan(request, other).ok()) << seconds;
      }
    }
  }
}

// Sums of bytes that overflow int64 exceed every budget; they do not wrap around.
TEST(PlanCheck, NoSumWrapsAround) {
  PlanRequest request{.length = kMaxChainLength, .budget = ByteBudget{kMaxBytes, kMaxBytes, kMaxBytes}};
  Plan plan{.feasible = true, .forward_count = kMaxChainLength};
  plan.schedule.runs = {{.kind = Run::Kind::kTapeAll, .length = kMaxChainLength}};
  for (const int64_t peak : {int64_t{0}, kMaxBytes}) {
    plan.peak_bytes = peak;
    EXPECT_THAT(std::string(CheckPlan(request, plan).message()), HasSubstr("the budget is 1125899906842624"));
  }
  request.length = plan.forward_count = plan.schedule.runs.front().length = 2;  // one tape, which just fits
  plan.peak_bytes = kMaxBytes;
  EXPECT_TRUE(CheckPlan(request, plan).ok()) << CheckPlan(request, plan);

  const TwoLevelRequest two{.length = kMaxTwoLevelLinks,
                            .state_bytes = kMaxBytes,
                            .tape_bytes = kMaxBytes,
                            .device = {.bytes = kMaxBytes},
                            .host = {.bytes = kMaxBytes}};
  TwoLevelPlan host{.forward_count = kMaxTwoLevelLinks};
  host.schedule.runs = {{.kind = Run::Kind::kTapeAll, .length = kMaxTwoLevelLinks}};
  EXPECT_THAT(std::string(CheckPlan(two, host, {}).message()), HasSubstr("the budget is 1125899906842624"));
}

TEST(PlanCheck, SchedulesWithStatesOnTheHostAreOnlyForThoseWhoAskForThem) {
  const TwoLevelRequest two{.length = 20, .forward_cost = 1, .host = {.bytes = 3}};
  const absl::StatusOr<TwoLevelPlan> host = EmbeddedChainPlanner().PlanTwoLevel(two, {});
  ASSERT_TRUE(host.ok()) << host.status();
  EXPECT_TRUE(CheckPlan(two, *host, {}).ok());
  const Plan plan{.feasible = true, .forward_count = host->forward_count, .schedule = host->schedule};
  EXPECT_THAT(
      std::string(
          CheckPlan({.length = 20, .budget = ByteBudget{.state_bytes = 1, .budget_bytes = 20}}, plan).message()),
      HasSubstr("on the host"));
}

}  // namespace
}  // namespace recurve
