// SPDX-License-Identifier: Apache-2.0
//
// Chains that would overflow a recursive walk or a table of lengths by slots.
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "tests/planner_service/planning/checked_plan.h"

namespace recurve {
namespace {

Plan BytePlan(Strategy strategy, int64_t length, int64_t state, int64_t tape, int64_t budget) {
  return CheckedPlan({.length = length, .strategy = strategy, .budget = ByteBudget{state, tape, budget}});
}

TEST(LongChainsTest, HundredThousandLinksOfEveryStrategy) {
  constexpr int64_t kLength = 100'000;
  EXPECT_EQ(BytePlan(Strategy::kStoreAll, kLength, 1, 2, 3 * kLength).forward_count, kLength);
  EXPECT_LT(BytePlan(Strategy::kChen, kLength, 1, 2, 2000).forward_count, 2 * kLength);
  for (int64_t slots : {2, 3, 30, 1000, 99'999, 100'000}) {
    EXPECT_TRUE(CheckedPlan({.length = kLength, .strategy = Strategy::kHsm, .budget = SlotBudget{slots, 1}}).feasible);
    EXPECT_TRUE(CheckedPlan({.length = kLength, .strategy = Strategy::kIsm, .budget = SlotBudget{slots, 1}}).feasible);
  }
  for (int64_t budget : {0, 1, 2, 5, 40, 300, 1000, 10'000, 299'997, 299'998}) {
    EXPECT_TRUE(BytePlan(Strategy::kAuto, kLength, 1, 2, budget).feasible);
  }
}

TEST(LongChainsTest, OneSlotSweepsForEachLink) {
  constexpr int64_t kLength = 100'000;
  const Plan plan = CheckedPlan({.length = kLength, .strategy = Strategy::kHsm, .budget = SlotBudget{1, 1}});
  EXPECT_EQ(plan.forward_count, kLength * (kLength + 1) / 2);
}

TEST(LongChainsTest, AutoIsProvedExactOrWithinATenthOfAPercent) {
  struct Sizes {
    int64_t state;
    int64_t tape;
  };
  for (const Sizes& sizes : {Sizes{1, 2}, {1, 0}, {7, 11}, {10, 1}, {2, 131}, {1'000'003, 2'718'281}}) {
    for (double states = 20; states < 3000; states *= 1.7) {
      const auto budget = static_cast<int64_t>(states * static_cast<double>(sizes.state));
      const Plan plan = BytePlan(Strategy::kAuto, 1'000'000, sizes.state, sizes.tape, budget);
      EXPECT_LE(plan.forward_count - plan.forward_count_lower_bound, plan.forward_count / 1000);
    }
  }
}

TEST(LongChainsTest, TheLongestChain) {
  EXPECT_EQ(BytePlan(Strategy::kStoreAll, kMaxChainLength, 1, 2, kMaxBytes).forward_count, kMaxChainLength);
  EXPECT_LT(BytePlan(Strategy::kAuto, kMaxChainLength, 1 << 20, 1 << 21, int64_t{20} << 30).forward_count,
            2 * kMaxChainLength);
  const Plan refused = BytePlan(Strategy::kStoreAll, kMaxChainLength, kMaxBytes, kMaxBytes, kMaxBytes);
  EXPECT_FALSE(refused.feasible);
  EXPECT_GT(refused.smallest_feasible_budget, kMaxBytes);
}

TEST(LongChainsTest, TheLargestSizesDoNotOverflow) {
  EXPECT_EQ(BytePlan(Strategy::kAuto, 100, kMaxBytes, kMaxBytes, kMaxBytes).forward_count,
            BytePlan(Strategy::kAuto, 100, 1, 1, 1).forward_count);
  EXPECT_EQ(BytePlan(Strategy::kAuto, 100, 1, 0, kMaxBytes).forward_count, 100);
}

}  // namespace
}  // namespace recurve
