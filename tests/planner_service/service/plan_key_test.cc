// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/plan_key.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <tuple>

#include "absl/hash/hash_testing.h"
#include "planner_service/planning/planner.h"

namespace recurve {
namespace {

PlanRequest RandomRequest(std::mt19937_64& random) {
  const auto up_to = [&](int64_t most) { return static_cast<int64_t>(random() % (most + 1)); };
  PlanRequest request{.length = 1 + up_to(5), .strategy = static_cast<Strategy>(random() % 6)};
  if (random() % 2 == 0) {
    request.budget = ByteBudget{1 + up_to(3), up_to(2), up_to(40)};
  } else {
    request.budget = SlotBudget{1 + up_to(8), 1 + up_to(3)};
  }
  if (random() % 4 == 0) request.costs = LinkCosts{1.0 + static_cast<double>(up_to(3)), 2, 3};
  return request;
}

auto Everything(const Plan& plan) {
  return std::tuple(plan.feasible, plan.strategy, plan.smallest_feasible_budget, plan.forward_count,
                    plan.forward_count_lower_bound, plan.forward_count_upper_bound, plan.peak_bytes, plan.peak_slots);
}

TEST(PlanKey, EqualKeysHaveEqualPlans) {
  std::mt19937_64 random(1);
  EmbeddedPlanner planner;
  std::map<int64_t, int> shared;
  std::vector<std::pair<PlanRequest, Plan>> known;
  for (int i = 0; i < 2'000; ++i) {
    PlanRequest request = RandomRequest(random);
    if (!CheckRequest(request).ok()) continue;
    request.costs.reset();
    const absl::StatusOr<Plan> plan = planner.MakePlan(request, {});
    ASSERT_TRUE(plan.ok()) << plan.status();
    for (const auto& [other_request, other_plan] : known) {
      if (!(KeyOf(request) == KeyOf(other_request)) || request == other_request) continue;
      ++shared[request.length];
      EXPECT_EQ(Everything(*plan), Everything(other_plan));
      EXPECT_EQ(plan->schedule, other_plan.schedule);
    }
    known.emplace_back(request, *plan);
  }
  EXPECT_EQ(shared.size(), 6U);  // at every length, some requests are equivalent
}

// Increasing budgets: runs of equal keys have one plan, and the key only changes when another state or leaf fits.
TEST(PlanKey, BudgetsOfAutoThatMeanTheSameShareAKey) {
  EmbeddedPlanner planner;
  for (const auto& [length, state, tape] :
       {std::tuple(9, 60, 25), std::tuple(30, 64, 48), std::tuple(200, 1000, 3000), std::tuple(12, 7, 0)}) {
    std::optional<PlanKey> last;
    Plan last_plan;
    int64_t keys = 0;
    constexpr int64_t kMost = 20'000;
    for (int64_t budget = 0; budget <= kMost; ++budget) {
      const PlanRequest request = {.length = length, .budget = ByteBudget{state, tape, budget}};
      const PlanKey key = KeyOf(request);
      const absl::StatusOr<Plan> plan = planner.MakePlan(request, {});
      ASSERT_TRUE(plan.ok()) << plan.status();
      if (last && key == *last) {
        ASSERT_EQ(plan->schedule, last_plan.schedule) << budget;
        ASSERT_EQ(Everything(*plan), Everything(last_plan)) << budget;
      } else {
        ++keys;
      }
      last = key;
      last_plan = *plan;
    }
    EXPECT_LE(keys, kMost / std::gcd(state, tape) + 1);
  }
  const auto key = [](int64_t budget) {
    return KeyOf({.length = 200, .budget = ByteBudget{1'000'003, 2'718'281, budget}});
  };
  EXPECT_EQ(key(1'000'003), key(2'000'005));
  EXPECT_FALSE(key(2'000'005) == key(2'000'006));  // two states
  EXPECT_EQ(key(2'000'006), key(2'718'280));
  EXPECT_FALSE(key(2'718'280) == key(2'718'281));  // a tape
}

TEST(PlanKey, LeavesOutWhatDoesNotMatter) {
  const auto key = [](Strategy strategy, std::variant<ByteBudget, SlotBudget> budget, bool costs = false) {
    PlanRequest request{.length = 100, .strategy = strategy, .budget = budget};
    if (costs) request.costs = LinkCosts{1, 2, 3};
    return KeyOf(request);
  };
  EXPECT_EQ(key(Strategy::kAuto, ByteBudget{8, 4, 100}), key(Strategy::kAuto, ByteBudget{8, 4, 100}, true));
  EXPECT_EQ(key(Strategy::kAuto, ByteBudget{8, 4, 100'000}), key(Strategy::kAuto, ByteBudget{8, 4, 200'000}));
  EXPECT_EQ(key(Strategy::kHsm, SlotBudget{10, 1}), key(Strategy::kHsm, SlotBudget{10, 7}));
  EXPECT_EQ(key(Strategy::kHsm, ByteBudget{8, 4, 100}), key(Strategy::kHsm, ByteBudget{8, 9, 103}));

  EXPECT_FALSE(key(Strategy::kHsm, ByteBudget{8, 4, 103}) == key(Strategy::kHsm, ByteBudget{8, 4, 104}));
  EXPECT_EQ(key(Strategy::kAuto, ByteBudget{8, 4, 100}), key(Strategy::kAuto, ByteBudget{8, 4, 103}));
  EXPECT_FALSE(key(Strategy::kAuto, ByteBudget{8, 4, 100}) == key(Strategy::kAuto, ByteBudget{8, 4, 104}));
  EXPECT_FALSE(key(Strategy::kAuto, ByteBudget{8, 4, 100}) == key(Strategy::kStoreAll, ByteBudget{8, 4, 100}));
  EXPECT_FALSE(key(Strategy::kMsm, SlotBudget{10, 1}) == key(Strategy::kMsm, SlotBudget{10, 7}));
}

TEST(PlanKey, HashesLikeItCompares) {
  std::mt19937_64 random(2);
  std::vector<PlanKey> keys;
  for (int i = 0; i < 300; ++i) {
    const PlanRequest request = RandomRequest(random);
    if (CheckRequest(request).ok()) keys.push_back(KeyOf(request));
  }
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly(keys));
}

}  // namespace
}  // namespace recurve
