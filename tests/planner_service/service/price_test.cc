// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/price.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <random>
#include <vector>

namespace recurve {
namespace {

constexpr double kLongestSolve = 10;  // seconds, of a planner by default

const ChainWorkload kChain{.length = 1'000, .state_bytes = 524'288, .tape_bytes = 1'048'576};

template <typename Request>
Lane LaneOf(const Request& request) {
  return PriceOf(request).lane();
}

TEST(PriceTest, PlansOfAThousandLinksAreSmall) {
  for (const Strategy strategy : {Strategy::kAuto, Strategy::kStoreAll, Strategy::kChen, Strategy::kHsm}) {
    EXPECT_EQ(
        LaneOf(PlanRequest{.length = 1'000, .strategy = strategy, .budget = ByteBudget{524'288, 1'048'576, 1 << 28}}),
        Lane::kSmall);
  }
  EXPECT_EQ(LaneOf(PlanRequest{.length = 1'000, .strategy = Strategy::kIsm, .budget = SlotBudget{.slots = 30}}),
            Lane::kSmall);
  EXPECT_EQ(
      LaneOf(PlanRequest{.length = 1'000, .strategy = Strategy::kMsm, .budget = SlotBudget{.slots = 100, .alpha = 5}}),
      Lane::kSmall);
  EXPECT_EQ(LaneOf(AdviseQuestion{.workload = kChain, .budget_bytes = 1 << 28}), Lane::kSmall);
  EXPECT_EQ(LaneOf(ChainRequest{.segments = {{.links = 8, .state_bytes = 1}, {.links = 12, .state_bytes = 2}}}),
            Lane::kSmall);
  EXPECT_EQ(LaneOf(TwoLevelRequest{.length = 50, .device = {.bytes = 3}, .host = {.bytes = 9}}), Lane::kSmall);
}

TEST(PriceTest, WhatMayTakeLongIsLarge) {
  EXPECT_EQ(LaneOf(PlanRequest{.length = 100'000, .strategy = Strategy::kMsm, .budget = SlotBudget{.slots = 100}}),
            Lane::kLarge);
  EXPECT_EQ(LaneOf(CurvesQuestion{kChain, {Strategy::kAuto}, 1'000}), Lane::kLarge);
  EXPECT_EQ(LaneOf(CurvesQuestion{kChain, {Strategy::kMsm}, 2}), Lane::kLarge);
  EXPECT_EQ(LaneOf(LargestQuestion{.workload = kChain}), Lane::kLarge);
  EXPECT_EQ(LaneOf(SplitQuestion{.workloads = {kChain, kChain}}), Lane::kLarge);
  EXPECT_EQ(LaneOf(LengthsQuestion{.workload = kChain, .lengths = std::vector<int64_t>(kMaxLengths, 1'000)}),
            Lane::kLarge);
  EXPECT_EQ(LaneOf(TwoLevelRequest{.length = 1'000, .device = {.bytes = 20}, .host = {.bytes = 90}}), Lane::kLarge);
}

TEST(PriceTest, AQuestionOfFewBytesMayBeTooLarge) {
  ChainWorkload longest = kChain;
  longest.length = kMaxChainLength;
  const CurvesQuestion question{longest, std::vector<Strategy>(kMaxCurves, Strategy::kAuto), kMaxCurvePoints};
  EXPECT_GT(PriceOf(question).least_seconds, kLongestSolve);
}

TEST(PriceTest, TablesOfAllLinksOfAModelCount) {
  ModelWorkload model{.length = 3'000};
  for (int64_t link = 1; link <= kMaxLinkChoices; ++link) model.link_costs.push_back({.link = 1, .costs = {1, 1, 1}});
  const Price price = PriceOf(AdviseQuestion{model, Strategy::kMsm, int64_t{20} << 20});
  model.link_costs.resize(1);
  EXPECT_GT(price.bytes, 60 * PriceOf(AdviseQuestion{model, Strategy::kMsm, int64_t{20} << 20}).bytes);
}

TEST(PriceTest, AnyRequestHasAPrice) {
  std::mt19937_64 random(1);
  const auto number = [&] {
    const int64_t numbers[] = {0,
                               -1,
                               1,
                               2,
                               1'000,
                               kMaxChainLength,
                               kMaxBytes,
                               std::numeric_limits<int64_t>::max(),
                               std::numeric_limits<int64_t>::min()};
    return numbers[random() % std::size(numbers)];
  };
  const auto check = [](const Price& price) {
    EXPECT_GE(price.least_seconds, 0);
    EXPECT_GE(price.most_seconds, price.least_seconds);
    EXPECT_GE(price.bytes, 0);
  };
  for (int i = 0; i < 2'000; ++i) {
    const ChainWorkload chain{.length = std::clamp<int64_t>(number(), 1, kMaxChainLength),
                              .state_bytes = std::clamp<int64_t>(number(), 1, kMaxBytes),
                              .tape_bytes = std::clamp<int64_t>(number(), 0, kMaxBytes)};
    const ModelWorkload model{.batch = std::clamp<int64_t>(number(), 1, kMaxBatch),
                              .length = std::clamp<int64_t>(number(), 1, kMaxChainLength),
                              .link = std::clamp<int64_t>(number(), 0, kMaxChainLength)};
    const auto strategy = static_cast<Strategy>(random() % 6);
    check(PriceOf(AdviseQuestion{chain, strategy, number()}));
    check(PriceOf(BudgetQuestion{chain, strategy, 1.5}));
    check(PriceOf(CurvesQuestion{chain, {strategy, Strategy::kAuto}, number()}));
    check(PriceOf(LengthsQuestion{chain, {number(), number()}, strategy, number()}));
    check(PriceOf(SplitQuestion{{chain, model}, strategy}));
  }
}

}  // namespace
}  // namespace recurve
