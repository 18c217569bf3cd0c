// SPDX-License-Identifier: Apache-2.0
//
// Chains that would overflow a recursive walk or a table of lengths by slots.
#include <cmath>
#include <cstdint>
#include <random>
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

// Not replayed, so that it can cover many; recount_test.cc compares the planner's recount with the replay.
TEST(LongChainsTest, RandomBudgetsHaveSmallSchedulesAndSmallGaps) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> part(0, 1);
  EmbeddedPlanner planner;
  for (int i = 0; i < 400; ++i) {
    const int64_t length = i % 4 == 0 ? 10'000'000 : 1'000'000;
    ByteBudget budget = {.state_bytes = 1 + static_cast<int64_t>(std::pow(1000, part(random)))};
    const auto state = static_cast<double>(budget.state_bytes);
    budget.tape_bytes =
        i % 7 == 0 ? 0 : static_cast<int64_t>(state * std::pow(i % 3 == 0 ? 1e6 : 30, 2 * part(random) - 0.7));
    const auto everything = static_cast<double>(length * (budget.tape_bytes + budget.state_bytes));
    budget.budget_bytes = static_cast<int64_t>(std::pow(everything, part(random)));
    SCOPED_TRACE(testing::Message() << length << " links, state " << budget.state_bytes << ", tape "
                                    << budget.tape_bytes << ", budget " << budget.budget_bytes);
    const absl::StatusOr<Plan> plan = planner.MakePlan({.length = length, .budget = budget}, {});
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_LE(plan->forward_count - plan->forward_count_lower_bound, plan->forward_count / 1000);
    EXPECT_LE(plan->peak_bytes, budget.budget_bytes);
    EXPECT_LT(plan->schedule.runs.size(), 20'000U);
  }
}

TEST(LongChainsTest, TheLongestChainWithNoMemoryAndWithAStateForEveryLink) {
  constexpr int64_t kLength = kMaxChainLength;
  const auto make = [](int64_t state, int64_t tape, int64_t budget) {
    EmbeddedPlanner planner;
    return planner.MakePlan({.length = kLength, .budget = ByteBudget{state, tape, budget}}, {}).value();
  };
  const Plan none = make(100, 10, 9);
  EXPECT_EQ(none.forward_count, kLength * (kLength + 1) / 2);
  EXPECT_LE(none.schedule.runs.size(), 2U);
  const Plan one_tape = make(100, 10, 99);
  EXPECT_EQ(one_tape.forward_count, none.forward_count - 1);
  EXPECT_LE(one_tape.schedule.runs.size(), 2U);
  const Plan states = make(1, kMaxBytes, kLength);
  EXPECT_EQ(states.forward_count, 2 * kLength - 1);
  EXPECT_LE(states.schedule.runs.size(), 3U);
  const Plan small_leaves = make(1, kLength / 3, kLength);
  EXPECT_EQ(small_leaves.forward_count_lower_bound, small_leaves.forward_count);
  EXPECT_LE(small_leaves.schedule.runs.size(), 10U);
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
