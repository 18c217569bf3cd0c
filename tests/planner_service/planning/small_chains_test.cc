// SPDX-License-Identifier: Apache-2.0
//
// Compares every strategy with the recurrences on every small chain.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "planner_service/planning/msm.h"
#include "planner_service/planning/planner.h"
#include "tests/planner_service/planning/checked_plan.h"
#include "tests/planner_service/planning/reference_costs.h"

namespace recurve {
namespace {

constexpr int64_t kLongest = 40;

struct Sizes {
  int64_t state;
  int64_t tape;
};

constexpr Sizes kSizes[] = {{1, 0}, {1, 1}, {1, 2}, {1, 5}, {3, 7}, {5, 2}, {7, 1}, {2, 13}, {4, 40}};

int64_t EverythingBytes(int64_t length, const Sizes& sizes) {
  return (length - 1) * sizes.tape + std::max<int64_t>(0, length - 2) * sizes.state;
}

Plan SlotPlan(Strategy strategy, int64_t length, int64_t slots, int64_t alpha = 1) {
  return CheckedPlan({.length = length, .strategy = strategy, .budget = SlotBudget{slots, alpha}});
}

Plan BytePlan(Strategy strategy, int64_t length, const Sizes& sizes, int64_t budget) {
  return CheckedPlan({.length = length, .strategy = strategy, .budget = ByteBudget{sizes.state, sizes.tape, budget}});
}

TEST(SmallChainsTest, HsmInSlots) {
  for (int64_t slots = 1; slots <= kLongest + 2; ++slots) {
    const std::vector<int64_t> expected = ReferenceHsm(kLongest, slots);
    for (int64_t length = 1; length <= kLongest; ++length) {
      const Plan plan = SlotPlan(Strategy::kHsm, length, slots);
      ASSERT_TRUE(plan.feasible);
      ASSERT_EQ(plan.forward_count, expected[length]) << length << " links, " << slots << " slots";
    }
  }
}

TEST(SmallChainsTest, HsmInBytesHasASlotForEachWholeState) {
  for (int64_t budget = 0; budget <= 60; ++budget) {
    const std::vector<int64_t> expected = ReferenceHsm(kLongest, 1 + budget / 7);
    for (int64_t length = 1; length <= kLongest; ++length) {
      ASSERT_EQ(BytePlan(Strategy::kHsm, length, {7, 3}, budget).forward_count, expected[length]);
    }
  }
}

TEST(SmallChainsTest, Ism) {
  for (int64_t slots = 1; slots <= kLongest + 2; ++slots) {
    const std::vector<int64_t> expected = ReferenceIsm(kLongest, slots);
    for (int64_t length = 1; length <= kLongest; ++length) {
      const Plan plan = SlotPlan(Strategy::kIsm, length, slots, 5);
      ASSERT_TRUE(plan.feasible);
      ASSERT_EQ(plan.forward_count, expected[length]) << length << " links, " << slots << " slots";
    }
  }
}

TEST(SmallChainsTest, Msm) {
  for (int64_t alpha : {1, 2, 3, 5, 9}) {
    for (int64_t slots = 1; slots <= alpha * kLongest + 2; slots = slots < 20 ? slots + 1 : slots + slots / 4) {
      const std::vector<int64_t> expected = ReferenceMsm(kLongest, slots, alpha);
      for (int64_t length = 1; length <= kLongest; ++length) {
        const Plan plan = SlotPlan(Strategy::kMsm, length, slots, alpha);
        ASSERT_TRUE(plan.feasible);
        ASSERT_EQ(plan.forward_count, expected[length]) << length << " links, " << slots << " slots, alpha " << alpha;
      }
    }
  }
}

// Long enough for costs far from convex in the length.
TEST(SmallChainsTest, MsmOfLongerChains) {
  constexpr int64_t kLonger = 400;
  for (int64_t alpha : {2, 3, 7}) {
    for (int64_t slots : {2, 3, 8, 21, 60}) {
      const std::vector<int64_t> expected = ReferenceMsm(kLonger, slots, alpha);
      for (int64_t length = 50; length <= kLonger; length += 25) {
        const Plan plan = SlotPlan(Strategy::kMsm, length, slots, alpha);
        ASSERT_EQ(plan.forward_count, expected[length]) << length << " links, " << slots << " slots, alpha " << alpha;
      }
    }
  }
}

TEST(SmallChainsTest, MsmGoesOnAfterItWasCancelledWithinARow) {
  constexpr int64_t kLinks = 10'000;
  MsmSolver solver(kLinks, 3);
  for (int polls : {2, 5, 9}) {
    EXPECT_EQ(solver.Solve(6, [&polls] { return polls-- == 0; }).status().code(), absl::StatusCode::kCancelled);
  }
  const absl::StatusOr<Plan> plan = solver.Solve(6, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->schedule, SlotPlan(Strategy::kMsm, kLinks, 6, 3).schedule);
}

TEST(SmallChainsTest, AutoIsExactMonotonicAndEndsAtStoreAll) {
  for (const Sizes& sizes : kSizes) {
    std::vector<int64_t> less(kLongest + 1, INT64_MAX);
    const int64_t everything = EverythingBytes(kLongest, sizes);
    for (int64_t budget = 0; budget <= everything; ++budget) {
      const std::vector<int64_t> expected = ReferenceAuto(kLongest, sizes.state, sizes.tape, budget);
      for (int64_t length = 1; length <= kLongest; length += 1 + budget % 3) {
        if (EverythingBytes(length, sizes) + 3 < budget) continue;
        const Plan plan = BytePlan(Strategy::kAuto, length, sizes, budget);
        ASSERT_TRUE(plan.feasible);
        ASSERT_EQ(plan.forward_count, expected[length])
            << length << " links, state " << sizes.state << ", tape " << sizes.tape << ", budget " << budget;
        EXPECT_EQ(plan.forward_count_lower_bound, plan.forward_count);
        EXPECT_LE(plan.forward_count, less[length]);
        less[length] = plan.forward_count;
        if (budget >= EverythingBytes(length, sizes)) {
          EXPECT_EQ(plan.forward_count, length);
        }
      }
    }
  }
}

TEST(SmallChainsTest, StoreAllNeedsEveryTapeButOne) {
  for (const Sizes& sizes : kSizes) {
    for (int64_t length = 1; length <= kLongest; ++length) {
      const int64_t everything = EverythingBytes(length, sizes);
      const Plan plan = BytePlan(Strategy::kStoreAll, length, sizes, everything);
      ASSERT_TRUE(plan.feasible);
      EXPECT_EQ(plan.forward_count, length);
      EXPECT_EQ(plan.peak_bytes, everything);
      EXPECT_EQ(plan.smallest_feasible_budget, everything);
      if (everything == 0) continue;
      const Plan refused = BytePlan(Strategy::kStoreAll, length, sizes, everything - 1);
      EXPECT_FALSE(refused.feasible);
      EXPECT_EQ(refused.smallest_feasible_budget, everything);
      EXPECT_TRUE(refused.schedule.runs.empty());
    }
  }
}

TEST(SmallChainsTest, ChenFitsFromItsSmallestBudgetOn) {
  for (const Sizes& sizes : kSizes) {
    for (int64_t length = 1; length <= 120; ++length) {
      const int64_t needed = BytePlan(Strategy::kChen, length, sizes, 0).smallest_feasible_budget;
      const Plan plan = BytePlan(Strategy::kChen, length, sizes, needed);
      ASSERT_TRUE(plan.feasible);
      EXPECT_EQ(plan.peak_bytes, needed);
      EXPECT_LT(plan.forward_count, 2 * length);
      EXPECT_EQ(BytePlan(Strategy::kChen, length, sizes, needed + 1000).forward_count, plan.forward_count);
      if (needed > 0) {
        EXPECT_FALSE(BytePlan(Strategy::kChen, length, sizes, needed - 1).feasible);
      }
      // With the same bytes auto is at least as good.
      EXPECT_LE(BytePlan(Strategy::kAuto, length, sizes, needed).forward_count, plan.forward_count);
    }
  }
}

TEST(SmallChainsTest, TheSameRequestAlwaysHasTheSamePlan) {
  EmbeddedPlanner planner;
  for (int64_t budget : {0, 5, 17, 60, 400}) {
    const PlanRequest request = {.length = 300, .strategy = Strategy::kAuto, .budget = ByteBudget{2, 5, budget}};
    absl::StatusOr<Plan> first = planner.MakePlan(request, {});
    absl::StatusOr<Plan> second = planner.MakePlan(request, {});
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_EQ(first->schedule, second->schedule);
  }
}

}  // namespace
}  // namespace recurve
