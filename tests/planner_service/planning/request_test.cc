// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <cstdint>
#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planner_service/planning/planner.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;

struct BadRequest {
  const char* name;
  PlanRequest request;
  const char* message;
};

class BadRequestTest : public ::testing::TestWithParam<BadRequest> {};

TEST_P(BadRequestTest, NamesFieldValueAndRange) {
  EmbeddedPlanner planner;
  const absl::Status status = planner.MakePlan(GetParam().request, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
}

PlanRequest Bytes(int64_t length, Strategy strategy, int64_t state, int64_t tape, int64_t budget) {
  return {.length = length, .strategy = strategy, .budget = ByteBudget{state, tape, budget}};
}

PlanRequest Slots(int64_t length, Strategy strategy, int64_t slots, int64_t alpha) {
  return {.length = length, .strategy = strategy, .budget = SlotBudget{slots, alpha}};
}

PlanRequest WithCosts(const LinkCosts& costs) {
  PlanRequest request = Bytes(10, Strategy::kAuto, 1, 1, 1);
  request.costs = costs;
  return request;
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

INSTANTIATE_TEST_SUITE_P(
    Requests, BadRequestTest,
    ::testing::Values(
        BadRequest{"NoLinks", Bytes(0, Strategy::kAuto, 1, 1, 1), "length is 0; must be 1 to 10000000"},
        BadRequest{"NegativeLength", Bytes(-1, Strategy::kAuto, 1, 1, 1), "length is -1"},
        BadRequest{"AbsurdLength", Bytes(INT64_MAX, Strategy::kAuto, 1, 1, 1), "length is 9223372036854775807"},
        BadRequest{"NoState", Bytes(10, Strategy::kAuto, 0, 1, 1), "state_bytes is 0; must be 1 to 1125899906842624"},
        BadRequest{"NegativeTape", Bytes(10, Strategy::kAuto, 1, -1, 1), "tape_bytes is -1; must be 0 to "},
        BadRequest{"NegativeBudget", Bytes(10, Strategy::kAuto, 1, 1, -1), "budget_bytes is -1; must be 0 to "},
        BadRequest{"AbsurdBudget", Bytes(10, Strategy::kAuto, 1, 1, kMaxBytes + 1), "budget_bytes is"},
        BadRequest{"NoSlots", Slots(10, Strategy::kHsm, 0, 1), "slots is 0; must be 1 to 10000000"},
        BadRequest{"NoAlpha", Slots(10, Strategy::kMsm, 5, 0), "alpha is 0; must be 1 to 1048576"},
        BadRequest{"AutoInSlots", Slots(10, Strategy::kAuto, 5, 1), "strategy auto takes bytes"},
        BadRequest{"StoreAllInSlots", Slots(10, Strategy::kStoreAll, 5, 1), "strategy store-all takes bytes"},
        BadRequest{"ChenInSlots", Slots(10, Strategy::kChen, 5, 1), "strategy chen takes bytes"},
        BadRequest{"IsmInBytes", Bytes(10, Strategy::kIsm, 1, 1, 1), "strategy ism takes slots"},
        BadRequest{"MsmInBytes", Bytes(10, Strategy::kMsm, 1, 1, 1), "strategy msm takes slots"},
        BadRequest{"UnknownStrategy", Bytes(10, static_cast<Strategy>(77), 1, 1, 1), "strategy is 77, must be 0..5"},
        BadRequest{"MsmTooLarge", Slots(1'000'000, Strategy::kMsm, 1000, 5), "at most 16777216 for length * slots"},
        BadRequest{"NegativeSeconds", WithCosts({-1, 1, 1}), "forward_seconds is -1"},
        BadRequest{"InfiniteSeconds", WithCosts({1, kInfinity, 1}), "taped_forward_seconds is inf"},
        BadRequest{"SecondsThatAreNoNumber", WithCosts({1, 1, kNan}), "backward_seconds is nan"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(RequestTest, PredictsSecondsFromLinkCosts) {
  PlanRequest request = Bytes(1000, Strategy::kAuto, 1, 2, 150);
  request.costs = LinkCosts{.forward_seconds = 1, .taped_forward_seconds = 1.25, .backward_seconds = 2};
  EmbeddedPlanner planner;
  const absl::StatusOr<Plan> plan = planner.MakePlan(request, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_TRUE(plan->predicted_seconds.has_value());
  EXPECT_DOUBLE_EQ(*plan->predicted_seconds, 956 * 1 + 1000 * 3.25);
  request.costs.reset();
  EXPECT_FALSE(planner.MakePlan(request, {})->predicted_seconds.has_value());
}

TEST(RequestTest, HsmCarriesThePapersBound) {
  EmbeddedPlanner planner;
  const absl::StatusOr<Plan> plan = planner.MakePlan(Slots(1000, Strategy::kHsm, 3, 1), {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_NEAR(static_cast<double>(plan->forward_count_upper_bound), 30000, 1);  // 3 * 1000^(4/3)
  EXPECT_EQ(plan->forward_count_lower_bound, plan->forward_count);
}

TEST(RequestTest, StopsWhenItIsCancelled) {
  EmbeddedPlanner planner;
  for (const PlanRequest& request :
       {Slots(1'000'000, Strategy::kHsm, 10'000, 1), Slots(1'000'000, Strategy::kIsm, 2, 1),
        Slots(1000, Strategy::kMsm, 500, 5), Bytes(1'000'000, Strategy::kAuto, 1, 2, 200)}) {
    std::atomic<int> polls = 0;
    const absl::StatusOr<Plan> plan = planner.MakePlan(request, [&polls] {
      ++polls;
      return true;
    });
    EXPECT_EQ(plan.status().code(), absl::StatusCode::kCancelled) << ToString(request.strategy);
    EXPECT_EQ(polls, 1) << ToString(request.strategy);
  }
}

TEST(StrategyTest, NamesAndStrategiesAreEachOthersInverse) {
  for (Strategy strategy :
       {Strategy::kAuto, Strategy::kStoreAll, Strategy::kChen, Strategy::kHsm, Strategy::kIsm, Strategy::kMsm}) {
    const absl::StatusOr<Strategy> parsed = ParseStrategy(ToString(strategy));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(*parsed, strategy);
  }
  EXPECT_THAT(std::string(ParseStrategy("best").status().message()), HasSubstr("strategy is 'best', must be auto"));
  EXPECT_FALSE(ParseStrategy("").ok());
}

}  // namespace
}  // namespace recurve
