// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planner_service/capacity/advisor.h"
#include "planner_service/planning/planner.h"

namespace recurve {
namespace {

using testing::HasSubstr;

constexpr Strategy kByteStrategies[] = {Strategy::kAuto, Strategy::kStoreAll, Strategy::kChen, Strategy::kHsm};
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<ChainWorkload> Chains() {
  return {{.length = 1, .state_bytes = 1},
          {.length = 2, .state_bytes = 3, .tape_bytes = 5, .fixed_bytes = 7},
          {.length = 9, .state_bytes = 4, .tape_bytes = 0},
          {.length = 17, .state_bytes = 3, .tape_bytes = 7, .fixed_bytes = 11},
          {.length = 24, .state_bytes = 2, .tape_bytes = 4, .fixed_bytes = 1},
          {.length = 20, .state_bytes = 6, .tape_bytes = 4, .fixed_bytes = 5, .costs = LinkCosts{0.5, 0.75, 1.5}}};
}

double SlowdownOf(const ChainWorkload& chain, int64_t forwards) {
  const auto N = static_cast<double>(chain.length);
  if (!chain.costs) return (static_cast<double>(forwards) + 2 * N) / (3 * N);
  return PredictSeconds(forwards, chain.length, *chain.costs) /
         PredictSeconds(chain.length, chain.length, *chain.costs);
}

// The planner's answer for a total, without the advisor.
std::optional<Plan> PlanIn(const ChainWorkload& chain, Strategy strategy, int64_t total) {
  if (total < chain.fixed_bytes) return std::nullopt;
  const auto plan =
      EmbeddedPlanner().MakePlan({.length = chain.length,
                                  .strategy = strategy,
                                  .budget = ByteBudget{chain.state_bytes, chain.tape_bytes, total - chain.fixed_bytes}},
                                 {});
  EXPECT_TRUE(plan.ok()) << plan.status();
  if (!plan.ok() || !plan->feasible) return std::nullopt;
  return *plan;
}

int64_t EnoughFor(const ChainWorkload& chain) {
  return chain.fixed_bytes + chain.length * (chain.state_bytes + chain.tape_bytes) + 3;
}

TEST(ChainAdvice, IsThePlanOfEveryTotal) {
  EmbeddedAdvisor advisor;
  for (const ChainWorkload& chain : Chains()) {
    for (const Strategy strategy : kByteStrategies) {
      std::optional<int64_t> least;
      for (int64_t total = 0; total <= EnoughFor(chain); ++total) {
        const auto advice = advisor.Advise(chain, strategy, total, {});
        ASSERT_TRUE(advice.ok()) << advice.status();
        const std::optional<Plan> plan = PlanIn(chain, strategy, total);
        ASSERT_EQ(advice->feasible, plan.has_value()) << ToString(strategy) << " in " << total;
        EXPECT_EQ(advice->strategy, strategy);
        if (!plan) continue;
        if (!least) least = total;
        EXPECT_EQ(advice->least_bytes, *least);
        EXPECT_EQ(advice->budget_bytes, total);
        EXPECT_EQ(advice->forward_count, plan->forward_count);
        EXPECT_EQ(advice->forward_count_lower_bound, plan->forward_count_lower_bound);
        EXPECT_EQ(advice->peak_bytes, chain.fixed_bytes + plan->peak_bytes);
        EXPECT_DOUBLE_EQ(advice->slowdown, SlowdownOf(chain, plan->forward_count));
        EXPECT_EQ(advice->predicted_seconds.has_value(), chain.costs.has_value());
        if (chain.costs) {
          EXPECT_EQ(*advice->predicted_seconds, PredictSeconds(plan->forward_count, chain.length, *chain.costs));
        }
      }
      ASSERT_TRUE(least.has_value());
      const auto short_by_one = advisor.Advise(chain, strategy, std::max<int64_t>(0, *least - 1), {});
      ASSERT_TRUE(short_by_one.ok());
      EXPECT_EQ(short_by_one->feasible, *least == 0);
      EXPECT_EQ(short_by_one->least_bytes, *least);
    }
  }
}

TEST(ChainAdvice, SizesWhatKeepingEveryTapeTakes) {
  EmbeddedAdvisor advisor;
  for (const ChainWorkload& chain : Chains()) {
    const auto advice = advisor.Advise(chain, Strategy::kStoreAll, kMaxBytes, {});
    ASSERT_TRUE(advice.ok()) << advice.status();
    EXPECT_EQ(advice->sizing.store_all_bytes, advice->least_bytes);
    EXPECT_EQ(advice->sizing.store_all_bytes, advice->peak_bytes);
    EXPECT_EQ(advice->sizing.links, chain.length);
    EXPECT_EQ(advice->slowdown, 1);
  }
}

TEST(FindBudget, IsTheSmallestOfALinearScan) {
  EmbeddedAdvisor advisor;
  for (const ChainWorkload& chain : Chains()) {
    for (const Strategy strategy : kByteStrategies) {
      for (const double slowdown : {1.0, 1.05, 1.2, 1.3333333333333333, 1.5, 2.0, 3.7, 1e9}) {
        const auto advice = advisor.FindBudget(chain, strategy, slowdown, {});
        ASSERT_TRUE(advice.ok()) << advice.status();
        std::optional<int64_t> smallest;
        for (int64_t total = 0; total <= EnoughFor(chain) && !smallest; ++total) {
          const std::optional<Plan> plan = PlanIn(chain, strategy, total);
          if (plan && SlowdownOf(chain, plan->forward_count) <= slowdown) smallest = total;
        }
        ASSERT_EQ(advice->feasible, smallest.has_value()) << ToString(strategy) << " at " << slowdown;
        if (!smallest) continue;
        EXPECT_EQ(advice->budget_bytes, *smallest) << ToString(strategy) << " at " << slowdown;
        EXPECT_LE(advice->slowdown, slowdown);
      }
    }
  }
}

TEST(FindBudget, FindsNoneWhenKeepingEveryTapeIsBeyondCounting) {
  EmbeddedAdvisor advisor;
  const ChainWorkload chain = {.length = 10'000'000, .state_bytes = kMaxBytes, .tape_bytes = kMaxBytes};
  const auto advice = advisor.FindBudget(chain, Strategy::kStoreAll, 1.5, {});
  ASSERT_TRUE(advice.ok()) << advice.status();
  EXPECT_FALSE(advice->feasible);
  EXPECT_GT(advice->least_bytes, kMaxBytes);
}

// ism and msm count memory in slots; their bytes are counted by replay.
TEST(SlotStrategies, StayWithinTheBytes) {
  EmbeddedAdvisor advisor;
  const ChainWorkload chain = {.length = 60, .state_bytes = 10, .tape_bytes = 25, .fixed_bytes = 100};
  for (const Strategy strategy : {Strategy::kIsm, Strategy::kMsm}) {
    int64_t before = INT64_MAX;
    for (int64_t total = 100; total <= 2300; total += 20) {
      const auto advice = advisor.Advise(chain, strategy, total, {});
      ASSERT_TRUE(advice.ok()) << advice.status();
      ASSERT_TRUE(advice->feasible);
      EXPECT_LE(advice->peak_bytes, total);
      EXPECT_LE(advice->forward_count, before);
      before = advice->forward_count;
    }
    EXPECT_EQ(before, 60) << ToString(strategy);
  }
}

struct BadChain {
  ChainWorkload chain;
  std::string says;
};

TEST(ChainAdvice, NamesWhatIsOutOfRange) {
  EmbeddedAdvisor advisor;
  const std::vector<BadChain> bad = {
      {{.length = 0}, "length is 0; must be 1 to 10000000"},
      {{.length = -5}, "length is -5"},
      {{.length = kMaxChainLength + 1}, "length is 10000001"},
      {{.length = 5, .state_bytes = 0}, "state_bytes is 0"},
      {{.length = 5, .state_bytes = INT64_MAX}, "state_bytes is 9223372036854775807"},
      {{.length = 5, .tape_bytes = -1}, "tape_bytes is -1"},
      {{.length = 5, .fixed_bytes = -1}, "fixed_bytes is -1"},
      {{.length = 5, .fixed_bytes = kMaxBytes + 1}, "fixed_bytes is 1125899906842625"},
      {{.length = 5, .costs = LinkCosts{kNan, 1, 2}}, "forward_seconds is nan"},
      {{.length = 5, .costs = LinkCosts{1, kInfinity, 2}}, "taped_forward_seconds is inf"},
      {{.length = 5, .costs = LinkCosts{1, 1, -2}}, "backward_seconds is -2"},
      {{.length = 5, .costs = LinkCosts{1, 0, 0}}, "taped_forward_seconds and costs.backward_seconds are 0 together"}};
  for (const BadChain& each : bad) {
    const auto advice = advisor.Advise(each.chain, Strategy::kAuto, 100, {});
    EXPECT_EQ(advice.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(advice.status().message()), HasSubstr(each.says));
  }
}

TEST(ChainAdvice, NamesWhatIsWrongWithTheQuestion) {
  EmbeddedAdvisor advisor;
  const ChainWorkload chain = {.length = 5};
  const auto says = [](const absl::Status& status, const char* what) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(what));
  };
  says(advisor.Advise(chain, Strategy::kAuto, -1, {}).status(), "budget_bytes is -1");
  says(advisor.Advise(chain, Strategy::kAuto, INT64_MAX, {}).status(), "budget_bytes is 9223372036854775807");
  says(advisor.Advise(chain, static_cast<Strategy>(77), 9, {}).status(), "strategy is 77");
  for (const double slowdown : {0.99, 0.0, -1.0, kNan, kInfinity}) {
    says(advisor.FindBudget(chain, Strategy::kAuto, slowdown, {}).status(), "max_slowdown is ");
  }
  says(advisor.FindBudget(chain, Strategy::kIsm, 2, {}).status(), "strategy is ism");
}

TEST(ChainAdvice, StopsWhenCancelled) {
  EmbeddedAdvisor advisor;
  const ChainWorkload chain = {.length = 1000, .state_bytes = 1, .tape_bytes = 2};
  const CancelCheck cancelled = [] { return true; };
  const auto stops = [](const absl::Status& status) { EXPECT_EQ(status.code(), absl::StatusCode::kCancelled); };
  stops(advisor.Advise(chain, Strategy::kAuto, 100, cancelled).status());
  stops(advisor.FindBudget(chain, Strategy::kAuto, 1.5, cancelled).status());
  stops(advisor.MakeCurves(chain, {Strategy::kAuto}, 10, cancelled).status());
  stops(advisor.PlanLengths(chain, {5}, Strategy::kAuto, 10, cancelled).status());
  stops(advisor.FindLargest(chain, Dimension::kLength, Strategy::kAuto, 10, 2, cancelled).status());
  stops(advisor.SplitBudget({chain}, Strategy::kAuto, 10, SplitGoal::kLeastSlowdown, cancelled).status());
}

TEST(PlanLengths, IsTheAdviceOfEachLength) {
  EmbeddedAdvisor advisor;
  const ChainWorkload chain = {.length = 50, .state_bytes = 3, .tape_bytes = 7, .fixed_bytes = 11};
  const std::vector<int64_t> lengths = {50, 1, 13, 50, 200};
  const auto all = advisor.PlanLengths(chain, lengths, Strategy::kAuto, 111, {});
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->size(), lengths.size());
  for (size_t i = 0; i < lengths.size(); ++i) {
    const std::optional<Plan> plan =
        PlanIn({.length = lengths[i], .state_bytes = 3, .tape_bytes = 7, .fixed_bytes = 11}, Strategy::kAuto, 111);
    EXPECT_EQ((*all)[i].forward_count, plan->forward_count);
    EXPECT_EQ((*all)[i].sizing.links, lengths[i]);
    EXPECT_EQ((*all)[i].peak_bytes, 11 + plan->peak_bytes);
  }
  EXPECT_EQ(advisor.PlanLengths(chain, {}, Strategy::kAuto, 111, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(advisor.PlanLengths(chain, {5, 0}, Strategy::kAuto, 111, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
  std::vector<int64_t> too_much;
  for (int64_t i = 0; i < 6; ++i) too_much.push_back(kMaxChainLength - i);
  EXPECT_EQ(advisor.PlanLengths(chain, too_much, Strategy::kStoreAll, 111, {}).status().code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace recurve
