// SPDX-License-Identifier: Apache-2.0
//
// Compares `auto` with the table of all splits, for irregular sizes.
#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "planner_service/planning/forward_count.h"
#include "tests/planner_service/planning/checked_plan.h"
#include "tests/planner_service/planning/reference_costs.h"

namespace recurve {
namespace {

class RandomBudgets {
 public:
  explicit RandomBudgets(uint32_t seed) : random_(seed) {}

  ByteBudget Next() {
    ByteBudget budget;
    budget.state_bytes = 1 + Below(13);
    switch (Below(5)) {
      case 0:
        budget.tape_bytes = 0;
        break;
      case 1:
        budget.tape_bytes = Below(budget.state_bytes + 1);
        break;
      case 2:
        budget.tape_bytes = Below(5 * budget.state_bytes);
        break;
      case 3:
        budget.tape_bytes = Below(8) * budget.state_bytes;
        break;
      default:
        budget.tape_bytes = Below(30 * budget.state_bytes);
    }
    constexpr int64_t kMostStates[] = {8, 30, 30, 100};
    budget.budget_bytes = Below(kMostStates[Below(4)] * budget.state_bytes + 1);
    return budget;
  }

  int64_t Below(int64_t limit) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(limit)); }

 private:
  std::mt19937 random_;
};

void CheckExact(int64_t longest, int64_t step, const ByteBudget& budget) {
  const std::vector<int64_t> expected =
      ReferenceAuto(longest, budget.state_bytes, budget.tape_bytes, budget.budget_bytes);
  for (int64_t length = longest; length >= 1; length -= step) {
    const Plan plan = CheckedPlan({.length = length, .strategy = Strategy::kAuto, .budget = budget});
    ASSERT_EQ(plan.forward_count, expected[length]) << length << " links, state " << budget.state_bytes << ", tape "
                                                    << budget.tape_bytes << ", budget " << budget.budget_bytes;
    ASSERT_EQ(plan.forward_count_lower_bound, plan.forward_count);
  }
}

TEST(AutoExactTest, EveryLengthUpTo60) {
  RandomBudgets budgets(1);
  for (int i = 0; i < 400; ++i) CheckExact(60, 1, budgets.Next());
}

TEST(AutoExactTest, LengthsUpTo300) {
  RandomBudgets budgets(2);
  for (int i = 0; i < 300; ++i) CheckExact(300, 1 + budgets.Below(7), budgets.Next());
}

TEST(AutoExactTest, LengthsUpTo1000) {
  RandomBudgets budgets(3);
  for (int i = 0; i < 12; ++i) CheckExact(1000, 1 + budgets.Below(40), budgets.Next());
}

// Counts only, so that every length can be tested; forward_count_test.cc compares them with those of plans.
void CheckEveryLengthUpTo2000(const ByteBudget& budget) {
  const std::vector<int64_t> expected = ReferenceAuto(2000, budget.state_bytes, budget.tape_bytes, budget.budget_bytes);
  for (int64_t length = 1; length <= 2000; ++length) {
    const ForwardCount count = CountForwards(length, budget);
    ASSERT_EQ(count.count, expected[length]) << length << " links, state " << budget.state_bytes << ", tape "
                                             << budget.tape_bytes << ", budget " << budget.budget_bytes;
    ASSERT_EQ(count.lower_bound, count.count);
  }
}

// Coprime sizes from one byte to thousands; room for 0 to about 60 states.
class EveryLengthUpTo2000 : public ::testing::TestWithParam<int> {};

TEST_P(EveryLengthUpTo2000, IsExact) {
  RandomBudgets budgets(100 + GetParam());
  for (int i = 0; i < 60; ++i) {
    ByteBudget budget = {1 + budgets.Below(i % 2 == 0 ? 13 : 5000)};
    constexpr int64_t kTapesPerState[] = {1, 2, 4, 30, 200};
    budget.tape_bytes = budgets.Below(kTapesPerState[i % 5] * budget.state_bytes + 1);
    constexpr int64_t kMostStates[] = {1, 4, 12, 24, 60};
    budget.budget_bytes = budgets.Below(kMostStates[budgets.Below(5)] * budget.state_bytes + 1);
    ASSERT_NO_FATAL_FAILURE(CheckEveryLengthUpTo2000(budget));
  }
}

INSTANTIATE_TEST_SUITE_P(AutoExact, EveryLengthUpTo2000, ::testing::Range(0, 5));

TEST(AutoExactTest, StatesThatAreTheirOwnTape) {
  for (int64_t budget = 0; budget <= 40; ++budget) CheckExact(200, 3, {.state_bytes = 1, .budget_bytes = budget});
}

TEST(AutoExactTest, TapesLargerThanTheBudget) {
  for (int64_t budget = 0; budget <= 40; ++budget) {
    CheckExact(200, 3, {.state_bytes = 1, .tape_bytes = 50, .budget_bytes = budget});
  }
}

}  // namespace
}  // namespace recurve
