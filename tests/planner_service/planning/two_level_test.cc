// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "planner_service/planning/chain.h"
#include "planner_service/planning/planner.h"
#include "planner_service/schedule/replay.h"
#include "tests/planner_service/planning/reference_chains.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;
using Random = std::mt19937_64;

int64_t DrawBelow(Random& random, int64_t limit) { return static_cast<int64_t>(random() % limit); }

TwoLevelPlan PlanOf(const TwoLevelRequest& request) {
  EmbeddedChainPlanner planner;
  absl::StatusOr<TwoLevelPlan> plan = planner.PlanTwoLevel(request, {});
  EXPECT_TRUE(plan.ok()) << plan.status();
  if (!plan.ok()) return {};
  EXPECT_TRUE(CheckWellFormed(plan->schedule).ok());
  EXPECT_LE(plan->device_peak_bytes, request.device.bytes);
  EXPECT_LE(plan->host_peak_bytes, request.host.bytes);
  EXPECT_LE(plan->cost, plan->device_only_cost);
  EXPECT_GE(plan->cost, plan->store_all_cost);
  return *std::move(plan);
}

bool HasRunOf(const Schedule& schedule, Run::Kind kind) {
  return std::any_of(schedule.runs.begin(), schedule.runs.end(), [kind](const auto& run) { return run.kind == kind; });
}

// Tapes that never fit make bytes slots.
TwoLevelRequest InSlots(int64_t length, int64_t device, int64_t host) {
  TwoLevelRequest request = {.length = length, .state_bytes = 1, .tape_bytes = kMaxBytes, .forward_cost = 1};
  request.device.bytes = device;
  request.host.bytes = host;
  return request;
}

TEST(TwoLevel, CostsWhatTheBestOfAllPersistentSchedulesDoes) {
  Random random(1);
  int fetched = 0, on_host = 0;
  for (int round = 0; round < 400; ++round) {
    TwoLevelRequest request = {.length = 1 + DrawBelow(random, 7),
                               .state_bytes = 1 + DrawBelow(random, 3),
                               .tape_bytes = DrawBelow(random, 7),
                               .forward_cost = DrawBelow(random, 9),
                               .taped_forward_cost = DrawBelow(random, 9),
                               .backward_cost = DrawBelow(random, 9)};
    request.device = {
        .bytes = DrawBelow(random, 12), .write_cost = DrawBelow(random, 3), .read_cost = DrawBelow(random, 3)};
    request.host = {
        .bytes = DrawBelow(random, 9), .write_cost = DrawBelow(random, 6), .read_cost = DrawBelow(random, 6)};
    request.start = random() % 2 == 0 ? Level::kDevice : Level::kHost;
    const TwoLevelPlan plan = PlanOf(request);
    EXPECT_EQ(plan.cost, BruteForceCost(request)) << "round " << round;
    fetched += HasRunOf(plan.schedule, Run::Kind::kFetch) ? 1 : 0;
    on_host += HasRunOf(plan.schedule, Run::Kind::kSplitHost) ? 1 : 0;
  }
  EXPECT_GT(fetched, 20);
  EXPECT_GT(on_host, 20);
}

// A table of least costs by the authors' own recurrence; hrevolve_costs.py makes it.
struct HRevolveCost {
  int64_t links, device_slots, host_slots, device_write, device_read, host_write, host_read, forward, backward, cost;
};
constexpr HRevolveCost kHRevolveCosts[] = {
#include "tests/planner_service/planning/hrevolve_costs.inc"
};

TEST(TwoLevel, CostsNoMoreThanHRevolve) {
  int less = 0;
  for (const HRevolveCost& row : kHRevolveCosts) {
    // There the start state is written to one of the slots, here the caller keeps it.
    int64_t least = INT64_MAX;
    for (const Level start : {Level::kDevice, Level::kHost}) {
      const bool on_host = start == Level::kHost;
      TwoLevelRequest request =
          InSlots(row.links, row.device_slots - (on_host ? 0 : 1), row.host_slots - (on_host ? 1 : 0));
      request.forward_cost = row.forward;
      request.backward_cost = row.backward;
      request.device.write_cost = row.device_write;
      request.device.read_cost = row.device_read;
      request.host.write_cost = row.host_write;
      request.host.read_cost = row.host_read;
      request.start = start;
      least = std::min(least, PlanOf(request).cost + (on_host ? row.host_write : row.device_write));
    }
    EXPECT_LE(least, row.cost) << row.links << " links, " << row.device_slots << " and " << row.host_slots << " slots";
    less += least < row.cost ? 1 : 0;
  }
  EXPECT_GT(less, 0);
}

TEST(TwoLevel, WithoutAHostItIsAuto) {
  EmbeddedPlanner uniform;
  Random random(2);
  for (int round = 0; round < 200; ++round) {
    const int64_t length = 1 + DrawBelow(random, 60);
    const ByteBudget bytes = {1 + DrawBelow(random, 5), DrawBelow(random, 12), DrawBelow(random, 8 * length)};
    const absl::StatusOr<Plan> plan = uniform.MakePlan({.length = length, .budget = bytes}, {});
    ASSERT_TRUE(plan.ok());
    TwoLevelRequest request = {.length = length,
                               .state_bytes = bytes.state_bytes,
                               .tape_bytes = bytes.tape_bytes,
                               .forward_cost = 1,
                               .taped_forward_cost = 1};
    request.device.bytes = bytes.budget_bytes;
    const TwoLevelPlan two = PlanOf(request);
    EXPECT_EQ(two.cost, plan->forward_count);
    EXPECT_EQ(two.device_only_cost, two.cost);
    EXPECT_EQ(two.host.writes, 0);
  }
}

TEST(TwoLevel, AFreeHostIsAsGoodAsASecondDeviceForStates) {
  // 10 slots on either side are 20, where moving costs nothing.
  EmbeddedPlanner uniform;
  const absl::StatusOr<Plan> plan =
      uniform.MakePlan({.length = 200, .strategy = Strategy::kHsm, .budget = SlotBudget{.slots = 21}}, {});
  ASSERT_TRUE(plan.ok());
  TwoLevelRequest request = InSlots(200, 10, 10);
  request.taped_forward_cost = 1;
  EXPECT_EQ(PlanOf(request).cost, plan->forward_count);
}

TEST(TwoLevel, AHostThatIsTooSlowIsLeftAlone) {
  TwoLevelRequest request = InSlots(50, 3, 20);
  request.host.write_cost = 10'000;
  const TwoLevelPlan plan = PlanOf(request);
  EXPECT_EQ(plan.cost, plan.device_only_cost);
  EXPECT_EQ(plan.host.writes, 0);
  EXPECT_EQ(plan.host_peak_bytes, 0);
}

TEST(TwoLevel, RefusesWhatIsOutOfRange) {
  EmbeddedChainPlanner planner;
  const auto refusal = [&](auto change) {
    TwoLevelRequest request = InSlots(10, 3, 3);
    change(request);
    const absl::Status status = planner.PlanTwoLevel(request, {}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    return std::string(status.message());
  };
  EXPECT_THAT(refusal([](auto& r) { r.length = 0; }), HasSubstr("length is 0; must be 1 to 20000"));
  EXPECT_THAT(refusal([](auto& r) { r.length = 1'000'000; }), HasSubstr("length is 1000000; must be 1 to 20000"));
  EXPECT_THAT(refusal([](auto& r) { r.state_bytes = 0; }), HasSubstr("state_bytes is 0; must be 1 to"));
  EXPECT_THAT(refusal([](auto& r) { r.device.bytes = -1; }), HasSubstr("device.bytes is -1"));
  EXPECT_THAT(refusal([](auto& r) { r.host.read_cost = -1; }), HasSubstr("host.read_cost is -1"));
  EXPECT_THAT(refusal([](auto& r) { r.host.write_cost = kMaxCost + 1; }), HasSubstr("host.write_cost"));
  EXPECT_THAT(refusal([](auto& r) {
                r.length = 1'000;
                r.host.bytes = kMaxBytes;
                r.device.bytes = 5;
              }),
              HasSubstr("must be at most 2147483648"));
}

TEST(TwoLevel, CanBeCancelled) {
  EmbeddedChainPlanner planner;
  int polls = 0;
  const auto plan = planner.PlanTwoLevel(InSlots(1'000, 5, 50), [&] { return ++polls > 10; });
  EXPECT_EQ(plan.status().code(), absl::StatusCode::kCancelled);
  const auto short_chain = planner.PlanTwoLevel(InSlots(127, 5, 50), [] { return true; });
  EXPECT_EQ(short_chain.status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace recurve
