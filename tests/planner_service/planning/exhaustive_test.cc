// SPDX-License-Identifier: Apache-2.0
//
// Compares the best persistent schedule with the best of all schedules.
#include <algorithm>
#include <array>
#include <cstdint>

#include "gtest/gtest.h"
#include "planner_service/planning/forward_count.h"
#include "tests/planner_service/planning/checked_plan.h"
#include "tests/planner_service/planning/reference_costs.h"

namespace recurve {
namespace {

TEST(ExhaustiveTest, AutoIsAtMostOneForwardAboveEverySchedule) {
  int64_t cases = 0;
  int64_t above = 0;
  for (int length = 1; length <= 7; ++length) {
    for (int64_t tape : {0, 1, 2, 3}) {
      const int64_t everything = (length - 1) * tape + std::max(0, length - 2);
      for (int64_t budget = 0; budget <= std::min<int64_t>(everything, length == 7 ? 6 : 12); ++budget) {
        const int64_t least = ExhaustiveCount(length, 1, tape, budget);
        const Plan plan =
            CheckedPlan({.length = length, .strategy = Strategy::kAuto, .budget = ByteBudget{1, tape, budget}});
        ASSERT_GE(plan.forward_count, least) << length << " links, tape " << tape << ", budget " << budget;
        ASSERT_LE(plan.forward_count, least + 1) << length << " links, tape " << tape << ", budget " << budget;
        ++cases;
        above += plan.forward_count - least;
      }
    }
  }
  RecordProperty("cases", static_cast<int>(cases));
  RecordProperty("one_forward_above", static_cast<int>(above));
  EXPECT_LT(above * 4, cases);
}

// docs/planning.md shows how: by storing tapes without their start states.
TEST(ExhaustiveTest, EightLinksAreTheFirstWithTwoForwardsBetween) {
  for (const auto& [budget, persistent, least] :
       {std::array{1, 18, 17}, std::array{2, 14, 12}, std::array{3, 12, 11}}) {
    EXPECT_EQ(CountForwards(8, {.state_bytes = 1, .tape_bytes = 0, .budget_bytes = budget}).count, persistent);
    EXPECT_EQ(ExhaustiveCount(8, 1, 0, budget), least);
  }
}

}  // namespace
}  // namespace recurve
