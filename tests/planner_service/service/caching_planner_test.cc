// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/caching_planner.h"

#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <atomic>
#include <new>
#include <random>
#include <thread>
#include <vector>

#include "tests/planner_service/service/gated_planner.h"

namespace recurve {
namespace {

PlanRequest Request(int64_t length) { return {.length = length, .budget = ByteBudget{8, 24, 500}}; }

class CachingPlannerTest : public ::testing::Test {
 protected:
  void AwaitShared(double waiting) const {
    while (metrics_.memo_shared.Value() < waiting) std::this_thread::yield();
  }

  prometheus::Registry registry_;
  PlannerMetrics metrics_{registry_, "test"};
  GatedPlanner solver_{true};
  CachingPlanner planner_{solver_, 1 << 20, metrics_};
};

TEST_F(CachingPlannerTest, SolvesOnce) {
  const absl::StatusOr<Plan> first = planner_.MakePlan(Request(100), {});
  const absl::StatusOr<Plan> second = planner_.MakePlan(Request(100), {});
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->schedule, second->schedule);
  EXPECT_EQ(first->forward_count, second->forward_count);
  EXPECT_EQ(solver_.calls(), 1);
  EXPECT_EQ(metrics_.memo_hits.Value(), 1);
  EXPECT_EQ(metrics_.memo_misses.Value(), 1);
  EXPECT_EQ(metrics_.memo_entries.Value(), 1);
  EXPECT_EQ(metrics_.memo_bytes.Value(), static_cast<double>(PlanMemo::BytesOf(*first)));
}

TEST_F(CachingPlannerTest, PredictsForTheCostsOfEachRequest) {
  PlanRequest request = Request(100);
  for (const double forward : {0.0, 1.0, 2.5}) {
    request.costs = LinkCosts{forward, 3, 4};
    const absl::StatusOr<Plan> plan = planner_.MakePlan(request, {});
    ASSERT_TRUE(plan.ok());
    EXPECT_EQ(plan->predicted_seconds, EmbeddedPlanner().MakePlan(request, {})->predicted_seconds);
  }
  EXPECT_FALSE(planner_.MakePlan(Request(100), {})->predicted_seconds.has_value());
  EXPECT_EQ(solver_.calls(), 1);
}

TEST_F(CachingPlannerTest, AnswersAsTheSolverDoes) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 500; ++i) {
    PlanRequest request{.length = static_cast<int64_t>(1 + random() % 40),
                        .strategy = static_cast<Strategy>(random() % 6)};
    if (random() % 2 == 0) {
      request.budget = ByteBudget{static_cast<int64_t>(1 + random() % 3), static_cast<int64_t>(random() % 3),
                                  static_cast<int64_t>(random() % 60)};
    } else {
      request.budget = SlotBudget{static_cast<int64_t>(1 + random() % 20), static_cast<int64_t>(1 + random() % 3)};
    }
    const absl::StatusOr<Plan> expected = EmbeddedPlanner().MakePlan(request, {});
    const absl::StatusOr<Plan> plan = planner_.MakePlan(request, {});
    ASSERT_EQ(plan.status(), expected.status());
    if (!plan.ok()) continue;
    EXPECT_EQ(plan->feasible, expected->feasible);
    EXPECT_EQ(plan->smallest_feasible_budget, expected->smallest_feasible_budget);
    EXPECT_EQ(plan->forward_count, expected->forward_count);
    EXPECT_EQ(plan->peak_bytes, expected->peak_bytes);
    EXPECT_EQ(plan->peak_slots, expected->peak_slots);
    EXPECT_EQ(plan->schedule, expected->schedule);
  }
}

TEST_F(CachingPlannerTest, EqualRequestsAtOnceShareOneSolve) {
  constexpr int kThreads = 50;
  solver_.Close();
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      PlanRequest request = Request(200);
      request.costs = LinkCosts{1.0 * i, 1, 1};  // each with its own costs
      const absl::StatusOr<Plan> plan = planner_.MakePlan(
          request, i % 2 == 0 ? CancelCheck() : [] { return false; });
      if (plan.ok() && plan->predicted_seconds == PredictSeconds(plan->forward_count, 200, *request.costs)) ++good;
    });
  }
  AwaitShared(kThreads - 1);
  solver_.Open();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, kThreads);
  EXPECT_EQ(solver_.calls(), 1);
  EXPECT_EQ(metrics_.memo_misses.Value(), 1);
}

TEST_F(CachingPlannerTest, DifferentRequestsAreSolvedAtOnce) {
  solver_.Close();
  std::vector<std::thread> threads;
  for (int i = 1; i <= 4; ++i) threads.emplace_back([&, i] { EXPECT_TRUE(planner_.MakePlan(Request(i), {}).ok()); });
  solver_.AwaitCalls(4);
  solver_.Open();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(solver_.most_at_once(), 4);
}

TEST_F(CachingPlannerTest, ASolveGoesOnForThoseWhoWait) {
  solver_.Close();
  std::atomic<bool> first_gone = false;
  std::thread first([&] { (void)planner_.MakePlan(Request(100), [&] { return first_gone.load(); }); });
  solver_.AwaitCalls(1);
  absl::StatusOr<Plan> second;
  std::thread waiter([&] { second = planner_.MakePlan(Request(100), [] { return false; }); });
  AwaitShared(1);
  first_gone = true;  // the request whose thread solves
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  solver_.Open();
  first.join();
  waiter.join();
  EXPECT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(solver_.calls(), 1);
  EXPECT_EQ(solver_.cancellations(), 0);
}

// Runs out of memory while another request waits for its answer; later it has enough.
class ForgetfulPlanner final : public Planner {
 public:
  explicit ForgetfulPlanner(Planner& inner) : inner_(inner) {}
  absl::StatusOr<Plan> MakePlan(const PlanRequest& request, const CancelCheck& cancelled) override {
    absl::StatusOr<Plan> plan = inner_.MakePlan(request, cancelled);
    if (failures_-- > 0) throw std::bad_alloc();
    return plan;
  }

 private:
  Planner& inner_;
  std::atomic<int> failures_ = 1;
};

TEST_F(CachingPlannerTest, MemoryThatRunsOutEndsOneSolveForAllWhoWait) {
  ForgetfulPlanner forgetful(solver_);
  CachingPlanner planner(forgetful, 1 << 20, metrics_);
  solver_.Close();
  absl::StatusOr<Plan> first, second;
  std::thread solving([&] { first = planner.MakePlan(Request(100), [] { return false; }); });
  solver_.AwaitCalls(1);
  std::thread waiting([&] { second = planner.MakePlan(Request(100), [] { return false; }); });
  AwaitShared(1);
  solver_.Open();
  solving.join();
  waiting.join();
  EXPECT_EQ(first.status().code(), absl::StatusCode::kResourceExhausted) << first.status();
  EXPECT_EQ(second.status(), first.status());
  EXPECT_TRUE(planner.MakePlan(Request(100), [] { return false; }).ok());
}

TEST_F(CachingPlannerTest, AWaiterMayGiveUpAlone) {
  solver_.Close();
  std::thread first([&] { EXPECT_TRUE(planner_.MakePlan(Request(100), [] { return false; }).ok()); });
  solver_.AwaitCalls(1);
  EXPECT_EQ(planner_.MakePlan(Request(100), [] { return true; }).status().code(), absl::StatusCode::kCancelled);
  solver_.Open();
  first.join();
  EXPECT_EQ(solver_.cancellations(), 0);
}

TEST_F(CachingPlannerTest, ASolveThatNobodyWantsStopsAndIsForgotten) {
  solver_.Close();
  std::atomic<bool> gone = false;
  std::vector<std::thread> threads;
  std::atomic<int> cancelled = 0;
  for (int i = 0; i < 5; ++i) {
    threads.emplace_back([&] {
      const absl::StatusOr<Plan> plan = planner_.MakePlan(Request(100), [&] { return gone.load(); });
      if (absl::IsCancelled(plan.status())) ++cancelled;
    });
  }
  AwaitShared(4);
  gone = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(cancelled, 5);
  EXPECT_EQ(solver_.cancellations(), 1);
  EXPECT_EQ(metrics_.memo_entries.Value(), 0);

  solver_.Open();
  EXPECT_TRUE(planner_.MakePlan(Request(100), {}).ok());
  EXPECT_EQ(solver_.calls(), 2);
}

TEST_F(CachingPlannerTest, ErrorsAreNotRemembered) {
  const PlanRequest wrong{.length = 0, .budget = ByteBudget{1, 1, 1}};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(planner_.MakePlan(wrong, {}).status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(metrics_.memo_entries.Value(), 0);
}

TEST_F(CachingPlannerTest, KeepsWithinItsBytes) {
  constexpr int64_t kMax = 20'000;
  CachingPlanner planner(solver_, kMax, metrics_);
  for (int64_t length = 1; length <= 200; ++length) {
    ASSERT_TRUE(planner.MakePlan(Request(length), {}).ok());
    EXPECT_LE(metrics_.memo_bytes.Value(), kMax);
  }
  EXPECT_GT(metrics_.memo_evictions.Value(), 0);
  EXPECT_EQ(metrics_.memo_evictions.Value() + metrics_.memo_entries.Value(), 200);
  const int before = solver_.calls();
  ASSERT_TRUE(planner.MakePlan(Request(200), {}).ok());
  EXPECT_EQ(solver_.calls(), before);
  ASSERT_TRUE(planner.MakePlan(Request(1), {}).ok());
  EXPECT_EQ(solver_.calls(), before + 1);
}

TEST_F(CachingPlannerTest, ManyThreadsAndFewBytes) {
  CachingPlanner planner(solver_, 10'000, metrics_);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(t);
      for (int i = 0; i < 300; ++i) {
        const auto length = static_cast<int64_t>(1 + random() % 50);
        const bool gives_up = random() % 4 == 0;
        const absl::StatusOr<Plan> plan = planner.MakePlan(Request(length), [gives_up] { return gives_up; });
        if (plan.ok()) {
          EXPECT_EQ(plan->schedule.length(), length);
        } else {
          EXPECT_TRUE(gives_up && absl::IsCancelled(plan.status())) << plan.status();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace recurve
