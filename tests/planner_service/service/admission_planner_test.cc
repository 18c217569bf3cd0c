// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/admission_planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/planner_service/service/gated_planner.h"

namespace recurve {
namespace {

PlanRequest Request() { return {.length = 100, .budget = ByteBudget{8, 24, 500}}; }

class AdmissionPlannerTest : public ::testing::Test {
 protected:
  void AwaitWaiting(double waiting) const {
    while (metrics_.solves_waiting[0]->Value() != waiting) std::this_thread::yield();
  }

  prometheus::Registry registry_;
  PlannerMetrics metrics_{registry_, "test"};
  GatedPlanner solver_{false};
  SolveGate gate_{{.max_solves = 2, .max_waiting = 3}, metrics_};
  AdmissionPlanner planner_{solver_, gate_};
};

TEST_F(AdmissionPlannerTest, SolvesSomeLetsSomeWaitAndRefusesTheRest) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 5; ++i) threads.emplace_back([&] { EXPECT_TRUE(planner_.MakePlan(Request(), {}).ok()); });
  solver_.AwaitCalls(2);
  AwaitWaiting(3);
  EXPECT_EQ(metrics_.solves_in_flight.Value(), 2);

  const absl::Status refused = planner_.MakePlan(Request(), {}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.message()),
              ::testing::HasSubstr("2 requests of this size are being solved and 3 are waiting; try again later"));
  EXPECT_EQ(metrics_.shed.Value(), 1);

  solver_.Open();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(solver_.calls(), 5);
  EXPECT_LE(solver_.most_at_once(), 2);
  EXPECT_EQ(metrics_.solves_in_flight.Value(), 0);
  EXPECT_EQ(metrics_.solves_waiting[0]->Value(), 0);
}

TEST_F(AdmissionPlannerTest, WhoeverWaitsMayGiveUp) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) threads.emplace_back([&] { EXPECT_TRUE(planner_.MakePlan(Request(), {}).ok()); });
  solver_.AwaitCalls(2);
  std::atomic<bool> gone = false;
  std::thread waiter(
      [&] { EXPECT_TRUE(absl::IsCancelled(planner_.MakePlan(Request(), [&] { return gone.load(); }).status())); });
  AwaitWaiting(1);
  gone = true;
  waiter.join();
  EXPECT_EQ(metrics_.solves_waiting[0]->Value(), 0);
  solver_.Open();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(solver_.calls(), 2);
}

TEST_F(AdmissionPlannerTest, AFailedSolveMakesRoom) {
  solver_.Open();
  const PlanRequest wrong{.length = 0, .budget = ByteBudget{1, 1, 1}};
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(planner_.MakePlan(wrong, {}).ok());
  EXPECT_TRUE(planner_.MakePlan(Request(), {}).ok());
}

}  // namespace
}  // namespace recurve
