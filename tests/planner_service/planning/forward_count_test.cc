// SPDX-License-Identifier: Apache-2.0
//
// Compares counts computed without schedules with those of plans.
#include "planner_service/planning/forward_count.h"

#include <cstdint>
#include <random>

#include "gtest/gtest.h"
#include "tests/planner_service/planning/checked_plan.h"

namespace recurve {
namespace {

TEST(ForwardCountTest, AutoCountsWhatItsPlanHas) {
  std::mt19937_64 random(1);
  auto below = [&random](int64_t limit) { return static_cast<int64_t>(random() % static_cast<uint64_t>(limit)); };
  for (int i = 0; i < 3000; ++i) {
    const int64_t length = 1 + below(i % 3 == 0 ? 20 : 2000);
    const ByteBudget budget = {1 + below(9), below(30), below(i % 2 == 0 ? 100 : 3000)};
    const Plan plan = CheckedPlan({.length = length, .strategy = Strategy::kAuto, .budget = budget});
    const ForwardCount count = CountForwards(length, budget);
    ASSERT_EQ(count.count, plan.forward_count)
        << length << " " << budget.state_bytes << " " << budget.tape_bytes << " " << budget.budget_bytes;
    ASSERT_EQ(count.lower_bound, plan.forward_count_lower_bound);
  }
}

TEST(ForwardCountTest, ClosedFormsCountWhatTheirPlansHave) {
  for (int64_t length = 1; length <= 300; length += 1 + length / 20) {
    for (int64_t slots = 1; slots <= length + 2; slots += 1 + slots / 5) {
      for (Strategy strategy : {Strategy::kHsm, Strategy::kIsm}) {
        const Plan plan = CheckedPlan({.length = length, .strategy = strategy, .budget = SlotBudget{slots, 1}});
        EXPECT_EQ(strategy == Strategy::kHsm ? CountHsmForwards(length, slots) : CountIsmForwards(length, slots),
                  plan.forward_count);
      }
    }
    const Plan chen = CheckedPlan({.length = length, .strategy = Strategy::kChen, .budget = ByteBudget{1, 1, 10'000}});
    EXPECT_EQ(CountChenForwards(length), chen.forward_count);
  }
  EXPECT_EQ(CountHsmForwards(kMaxChainLength, 1), kMaxChainLength * (kMaxChainLength + 1) / 2);
  EXPECT_EQ(CountIsmForwards(kMaxChainLength, kMaxSlots), kMaxChainLength);
  EXPECT_EQ(CountChenForwards(kMaxChainLength), 2 * kMaxChainLength - 3163);
}

}  // namespace
}  // namespace recurve
