// SPDX-License-Identifier: Apache-2.0
#include "planner_service/planning/slot_search.h"

#include <algorithm>
#include <cstdint>

#include "gtest/gtest.h"
#include "planner_service/planning/forward_count.h"
#include "planner_service/planning/msm.h"
#include "planner_service/schedule/replay.h"

namespace recurve {
namespace {

absl::StatusOr<Plan> SolveInSlots(const PlanRequest& request, const CancelCheck& cancelled) {
  return EmbeddedPlanner().MakePlan(request, cancelled);
}

// The fewest forwards over all numbers of slots whose replay stays within the bytes.
int64_t FewestWithin(int64_t length, Strategy strategy, const ByteBudget& bytes) {
  const int64_t alpha = 1 + (bytes.tape_bytes + bytes.state_bytes - 1) / bytes.state_bytes;
  int64_t fewest = INT64_MAX;
  for (int64_t slots = 1; slots <= 1 + alpha * length; ++slots) {
    const auto plan = SolveInSlots(
        {.length = length, .strategy = strategy, .budget = SlotBudget{.slots = slots, .alpha = alpha}}, {});
    EXPECT_TRUE(plan.ok()) << plan.status();
    const auto replay =
        Replay(plan->schedule, {.state_bytes = bytes.state_bytes, .tape_bytes = bytes.tape_bytes}, INT64_MAX);
    EXPECT_TRUE(replay.ok()) << replay.status();
    if (replay->peak_bytes <= bytes.budget_bytes) fewest = std::min(fewest, plan->forward_count);
  }
  return fewest;
}

TEST(SlotSearch, FindsTheBestOfAllNumbersOfSlots) {
  for (const Strategy strategy : {Strategy::kIsm, Strategy::kMsm}) {
    for (const auto& [length, state, tape] :
         {std::tuple<int64_t, int64_t, int64_t>{1, 3, 5}, {2, 3, 5}, {7, 4, 0}, {13, 3, 5}, {20, 2, 4}, {24, 5, 3}}) {
      SlotSearch search(length, strategy, {.state_bytes = state, .tape_bytes = tape}, SolveInSlots);
      for (int64_t budget = 0; budget <= length * (state + tape); ++budget) {
        const auto found = search.MostWithin(budget, {});
        ASSERT_TRUE(found.ok()) << found.status();
        EXPECT_LE(found->plan.peak_bytes, budget);
        const int64_t fewest = FewestWithin(length, strategy, {state, tape, budget});
        if (strategy == Strategy::kIsm && tape < state) continue;  // not guaranteed (slot_search.h)
        EXPECT_EQ(found->plan.forward_count, fewest) << ToString(strategy) << " of " << length << " in " << budget;
      }
    }
  }
}

// If only states fit, msm equals hsm, even beyond the largest alpha.
TEST(SlotSearch, TapesLargerThanAnyAlpha) {
  for (const int64_t tape : {kMaxAlpha - 1, 4 * kMaxAlpha, kMaxBytes}) {
    const ByteBudget bytes = {.state_bytes = 1, .tape_bytes = tape, .budget_bytes = 100};
    SlotSearch search(200, Strategy::kMsm, bytes, SolveInSlots);
    const auto found = search.MostWithin(bytes.budget_bytes, {});
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(found->plan.forward_count, CountHsmForwards(200, 101)) << tape;
  }
}

TEST(MsmSolver, GivesThePlansOfFreshTables) {
  MsmSolver solver(30, 3);
  for (const int64_t slots : {40, 7, 1, 88, 12, 200}) {
    const auto plan = solver.Solve(slots, {});
    const auto fresh =
        SolveInSlots({.length = 30, .strategy = Strategy::kMsm, .budget = SlotBudget{.slots = slots, .alpha = 3}}, {});
    ASSERT_TRUE(plan.ok() && fresh.ok()) << plan.status() << fresh.status();
    EXPECT_EQ(plan->forward_count, fresh->forward_count);
    EXPECT_EQ(plan->schedule, fresh->schedule);
  }
}

}  // namespace
}  // namespace recurve
