// SPDX-License-Identifier: Apache-2.0
//
// Compares splits of a device's memory with an exhaustive search.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planner_service/capacity/advisor.h"

namespace recurve {
namespace {

std::optional<Advice> Share(EmbeddedAdvisor& advisor, const Workload& workload, int64_t total) {
  const auto advice = advisor.Advise(workload, Strategy::kAuto, total, {});
  EXPECT_TRUE(advice.ok()) << advice.status();
  return advice->feasible ? std::optional(*advice) : std::nullopt;
}

double TimeOf(const Advice& advice) {
  return advice.predicted_seconds.value_or(static_cast<double>(advice.sizing.link * advice.forward_count));
}

// The minimum sum of times, or the minimum largest slowdown, over all splits of `total`, by a dynamic program over
// workloads and totals.
std::optional<double> BestOf(EmbeddedAdvisor& advisor, const std::vector<Workload>& workloads, SplitGoal goal,
                             int64_t total) {
  std::vector<std::optional<double>> best(total + 1, 0.0);
  for (const Workload& workload : workloads) {
    std::vector<std::optional<Advice>> shares;
    for (int64_t bytes = 0; bytes <= total; ++bytes) shares.push_back(Share(advisor, workload, bytes));
    std::vector<std::optional<double>> next(total + 1);
    for (int64_t all = 0; all <= total; ++all) {
      for (int64_t bytes = 0; bytes <= all; ++bytes) {
        if (!shares[bytes] || !best[all - bytes]) continue;
        const double value = goal == SplitGoal::kLeastTotalTime ? *best[all - bytes] + TimeOf(*shares[bytes])
                                                                : std::max(*best[all - bytes], shares[bytes]->slowdown);
        if (!next[all] || value < *next[all]) next[all] = value;
      }
    }
    best = std::move(next);
  }
  return best[total];
}

std::vector<Workload> RandomWorkloads(std::mt19937& random, bool measured) {
  std::vector<Workload> workloads;
  const auto count = 1 + random() % 4;
  for (size_t i = 0; i < count; ++i) {
    if (i > 0 && random() % 4 == 0) {
      workloads.push_back(workloads.back());
      continue;
    }
    ChainWorkload chain = {.length = 1 + static_cast<int64_t>(random() % 25),
                           .state_bytes = 1 + static_cast<int64_t>(random() % 5),
                           .tape_bytes = static_cast<int64_t>(random() % 9),
                           .fixed_bytes = static_cast<int64_t>(random() % 20)};
    if (measured) chain.costs = LinkCosts{1.0 + static_cast<double>(random() % 5), 2, 3};
    workloads.emplace_back(chain);
  }
  return workloads;
}

TEST(SplitBudget, IsTheBestOfAllWays) {
  EmbeddedAdvisor advisor;
  std::mt19937 random(11);
  int feasible = 0;
  for (int round = 0; round < 150; ++round) {
    const bool measured = round % 2 == 0;
    const std::vector<Workload> workloads = RandomWorkloads(random, measured);
    const auto total = static_cast<int64_t>(random() % 250);
    for (const SplitGoal goal : {SplitGoal::kLeastTotalTime, SplitGoal::kLeastSlowdown}) {
      const auto split = advisor.SplitBudget(workloads, Strategy::kAuto, total, goal, {});
      ASSERT_TRUE(split.ok()) << split.status();
      ASSERT_EQ(split->shares.size(), workloads.size());
      const std::optional<double> best = BestOf(advisor, workloads, goal, total);
      ASSERT_EQ(split->feasible, best.has_value());
      if (!best) continue;
      ++feasible;
      int64_t bytes = 0;
      double time = 0;
      double slowest = 1;
      for (size_t i = 0; i < workloads.size(); ++i) {
        const Advice& share = split->shares[i];
        const std::optional<Advice> alone = Share(advisor, workloads[i], share.budget_bytes);
        ASSERT_TRUE(alone.has_value());
        EXPECT_EQ(share.forward_count, alone->forward_count);
        bytes += share.budget_bytes;
        time += TimeOf(share);
        slowest = std::max(slowest, share.slowdown);
      }
      EXPECT_LE(bytes, total);
      if (goal == SplitGoal::kLeastTotalTime) {
        EXPECT_DOUBLE_EQ(time, *best);
        EXPECT_DOUBLE_EQ(split->total_time, time);
        EXPECT_DOUBLE_EQ(split->total_time_lower_bound, split->total_time);
      } else {
        EXPECT_DOUBLE_EQ(slowest, *best);
      }
    }
  }
  EXPECT_GT(feasible, 100);
}

TEST(SplitBudget, BoundsWhatItCannotProve) {
  EmbeddedAdvisor advisor;
  std::vector<Workload> workloads;
  for (int64_t i = 0; i < 10; ++i) {
    workloads.emplace_back(
        ChainWorkload{.length = 20'000 + 1'000 * i, .state_bytes = 1000 + i, .tape_bytes = 2000 + 3 * i});
  }
  const int64_t total = 30'000'000;
  const auto split = advisor.SplitBudget(workloads, Strategy::kAuto, total, SplitGoal::kLeastTotalTime, {});
  ASSERT_TRUE(split.ok()) << split.status();
  ASSERT_TRUE(split->feasible);
  int64_t bytes = 0;
  for (const Advice& share : split->shares) bytes += share.budget_bytes;
  EXPECT_LE(bytes, total);
  EXPECT_LE(split->total_time_lower_bound, split->total_time);
  EXPECT_GT(split->total_time_lower_bound, 0.98 * split->total_time);
}

TEST(SplitBudget, SaysWhatEachNeedsWhenTheyDoNotFit) {
  EmbeddedAdvisor advisor;
  const std::vector<Workload> workloads = {ChainWorkload{.length = 9, .state_bytes = 2, .fixed_bytes = 60},
                                           ChainWorkload{.length = 9, .state_bytes = 2, .fixed_bytes = 41},
                                           ModelWorkload{.model = {.hidden = 4}, .batch = 2, .length = 16}};
  const auto model = advisor.Advise(workloads[2], Strategy::kAuto, kMaxBytes, {});
  ASSERT_TRUE(model.ok()) << model.status();
  const int64_t least = 60 + 41 + model->least_bytes;
  for (const SplitGoal goal : {SplitGoal::kLeastTotalTime, SplitGoal::kLeastSlowdown}) {
    const auto short_by_one = advisor.SplitBudget(workloads, Strategy::kAuto, least - 1, goal, {});
    ASSERT_TRUE(short_by_one.ok()) << short_by_one.status();
    EXPECT_FALSE(short_by_one->feasible);
    EXPECT_FALSE(short_by_one->shares[1].feasible);
    EXPECT_EQ(short_by_one->shares[0].least_bytes, 60);
    EXPECT_EQ(short_by_one->shares[1].least_bytes, 41);
    EXPECT_EQ(short_by_one->shares[2].least_bytes, model->least_bytes);
    const auto exact = advisor.SplitBudget(workloads, Strategy::kAuto, least, goal, {});
    ASSERT_TRUE(exact.ok()) << exact.status();
    EXPECT_TRUE(exact->feasible);
    EXPECT_EQ(exact->shares[1].budget_bytes, 41);
  }
}

TEST(SplitBudget, NamesWhatIsWrong) {
  EmbeddedAdvisor advisor;
  const auto refuses = [&](const std::vector<Workload>& workloads, int64_t total, const char* says) {
    const auto split = advisor.SplitBudget(workloads, Strategy::kAuto, total, SplitGoal::kLeastTotalTime, {});
    EXPECT_EQ(split.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(split.status().message()), testing::HasSubstr(says));
  };
  const ChainWorkload chain = {.length = 5};
  refuses({}, 100, "workloads has 0");
  refuses(std::vector<Workload>(kMaxWorkloads + 1, chain), 100, "workloads has 1001");
  refuses({chain}, -1, "total_bytes is -1");
  refuses({chain, ChainWorkload{.length = 0}}, 100, "workloads[1]: length is 0");
  refuses({chain, ChainWorkload{.length = 5, .costs = LinkCosts{1, 1, 2}}}, 100, "workloads[1] has costs");
}

}  // namespace
}  // namespace recurve
