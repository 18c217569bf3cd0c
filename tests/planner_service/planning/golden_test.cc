// SPDX-License-Identifier: Apache-2.0
//
// Counts on which independent implementations agree.
#include <cstdint>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planner_service/planning/planner.h"

namespace recurve {
namespace {

Plan MakePlan(const PlanRequest& request) {
  EmbeddedPlanner planner;
  absl::StatusOr<Plan> plan = planner.MakePlan(request, {});
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *std::move(plan) : Plan();
}

int64_t SlotCount(Strategy strategy, int64_t length, int64_t slots, int64_t alpha = 1) {
  const Plan plan = MakePlan({.length = length, .strategy = strategy, .budget = SlotBudget{slots, alpha}});
  EXPECT_LE(plan.peak_slots, slots);
  return plan.forward_count;
}

int64_t AutoCount(int64_t length, int64_t state, int64_t tape, int64_t budget) {
  const Plan plan =
      MakePlan({.length = length, .strategy = Strategy::kAuto, .budget = ByteBudget{state, tape, budget}});
  EXPECT_LE(plan.peak_bytes, budget);
  EXPECT_LE(plan.forward_count_lower_bound, plan.forward_count);
  return plan.forward_count;
}

TEST(GoldenTest, Hsm) {
  EXPECT_EQ(SlotCount(Strategy::kHsm, 1000, 4), 8998);
  EXPECT_EQ(SlotCount(Strategy::kHsm, 1000, 10), 4636);
  EXPECT_EQ(SlotCount(Strategy::kHsm, 1000, 50), 2948);
  EXPECT_EQ(SlotCount(Strategy::kHsm, 1000, 100), 2898);
  EXPECT_EQ(SlotCount(Strategy::kHsm, 1000, 250), 2748);
  EXPECT_EQ(SlotCount(Strategy::kHsm, 10000, 10), 67624);
  EXPECT_EQ(SlotCount(Strategy::kHsm, 10000, 100), 34747);
  EXPECT_EQ(SlotCount(Strategy::kHsm, 100000, 10), 932040);
  EXPECT_EQ(SlotCount(Strategy::kHsm, 100000, 100), 394747);
  EXPECT_EQ(SlotCount(Strategy::kHsm, 100000, 1000), 298998);
  EXPECT_EQ(SlotCount(Strategy::kHsm, 1000000, 100), 4817896);
}

TEST(GoldenTest, Msm) {
  EXPECT_EQ(SlotCount(Strategy::kMsm, 1000, 250, 5), 1950);
  EXPECT_EQ(SlotCount(Strategy::kMsm, 1000, 50, 5), 2723);
}

struct AutoCase {
  int64_t length, state, tape, budget, count;
};

TEST(GoldenTest, Auto) {
  const std::vector<AutoCase> cases = {
      {10, 1, 2, 0, 55},       {10, 1, 2, 1, 30},
      {10, 1, 2, 2, 25},       {10, 1, 2, 3, 22},
      {10, 1, 2, 5, 19},       {10, 1, 2, 10, 16},
      {10, 1, 2, 20, 13},      {10, 1, 2, 26, 10},
      {100, 1, 2, 0, 5050},    {100, 1, 2, 3, 469},
      {100, 1, 2, 10, 275},    {100, 1, 2, 30, 192},
      {100, 1, 2, 100, 166},   {100, 1, 2, 295, 101},
      {100, 1, 2, 296, 100},   {1000, 1, 2, 30, 2840},
      {1000, 1, 2, 60, 2327},  {1000, 1, 2, 150, 1956},
      {1000, 1, 2, 300, 1902}, {1000, 1, 5, 60, 2647},
      {1000, 1, 5, 300, 1953}, {1000, 524288, 1048576, 15728640, 2840},
      {500, 3, 7, 100, 1300},  {500, 3, 7, 1000, 900},
  };
  for (const AutoCase& c : cases) {
    EXPECT_EQ(AutoCount(c.length, c.state, c.tape, c.budget), c.count)
        << "length " << c.length << " state " << c.state << " tape " << c.tape << " budget " << c.budget;
  }
}

}  // namespace
}  // namespace recurve
