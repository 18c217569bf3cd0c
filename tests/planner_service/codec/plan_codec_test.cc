// SPDX-License-Identifier: Apache-2.0
#include "planner_service/codec/plan_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "planner_service/codec/field_codec.h"
#include "planner_service/codec/schedule_codec.h"
#include "planner_service/planning/planner.h"

namespace recurve {
namespace {

using planner::v1::MakePlanRequest;
using planner::v1::MakePlanResponse;
using ::testing::HasSubstr;

MakePlanRequest ByteRequest() {
  MakePlanRequest message;
  message.set_length(100);
  message.mutable_bytes()->set_state_bytes(8);
  message.mutable_bytes()->set_tape_bytes(24);
  message.mutable_bytes()->set_budget_bytes(500);
  return message;
}

MakePlanRequest SlotRequest() {
  MakePlanRequest message;
  message.set_length(100);
  message.set_strategy(planner::v1::STRATEGY_MSM);
  message.mutable_slots()->set_slots(10);
  return message;
}

void ExpectSamePlan(const Plan& a, const Plan& b) {
  EXPECT_EQ(a.feasible, b.feasible);
  EXPECT_EQ(a.strategy, b.strategy);
  EXPECT_EQ(a.smallest_feasible_budget, b.smallest_feasible_budget);
  EXPECT_EQ(a.forward_count, b.forward_count);
  EXPECT_EQ(a.forward_count_lower_bound, b.forward_count_lower_bound);
  EXPECT_EQ(a.forward_count_upper_bound, b.forward_count_upper_bound);
  EXPECT_EQ(a.peak_bytes, b.peak_bytes);
  EXPECT_EQ(a.peak_slots, b.peak_slots);
  EXPECT_EQ(a.predicted_seconds, b.predicted_seconds);
  EXPECT_EQ(a.schedule, b.schedule);
}

TEST(EnumCodec, GoesBothWays) {
  const auto& type = *planner::v1::Strategy_descriptor();
  for (const Named<Strategy>& strategy : kStrategyNames) {
    const int number = EncodeEnum(type, std::string(strategy.name));
    EXPECT_EQ(*DecodeEnum("strategy", type, number, kStrategyNames), strategy.value);
  }
  EXPECT_EQ(*DecodeEnum("strategy", type, 0, kStrategyNames), Strategy::kAuto);
}

TEST(RequestCodec, GoesBothWays) {
  const PlanRequest requests[] = {
      {.length = 1, .budget = ByteBudget{1, 0, 0}},
      {.length = kMaxChainLength, .strategy = Strategy::kHsm, .budget = ByteBudget{kMaxBytes, kMaxBytes, kMaxBytes}},
      {.length = 1000, .strategy = Strategy::kMsm, .budget = SlotBudget{50, 5}},
      {.length = 7, .strategy = Strategy::kChen, .budget = ByteBudget{8, 16, 64}, .costs = LinkCosts{0.5, 0.75, 1.25}},
  };
  for (const PlanRequest& request : requests) {
    const absl::StatusOr<PlanRequest> back = DecodeRequest(EncodeRequest(request));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, request);
  }
}

TEST(RequestCodec, FillsInWhatTheProtoSays) {
  const absl::StatusOr<PlanRequest> slots = DecodeRequest(SlotRequest());
  ASSERT_TRUE(slots.ok()) << slots.status();
  EXPECT_EQ(std::get<SlotBudget>(slots->budget).alpha, 1);
  EXPECT_FALSE(slots->costs.has_value());
  EXPECT_EQ(DecodeRequest(ByteRequest())->strategy, Strategy::kAuto);
}

TEST(RequestCodec, NamesTheFieldThatIsWrong) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const struct {
    std::function<void(MakePlanRequest&)> change;
    const char* message;
  } cases[] = {
      {[](auto& m) { m.set_length(0); }, "length is 0; must be 1 to 10000000"},
      {[](auto& m) { m.set_length(-1); }, "length is -1; must be 1 to 10000000"},
      {[](auto& m) { m.set_length(10'000'001); }, "length is 10000001; must be 1 to 10000000"},
      {[](auto& m) { m.set_length(kLeast); }, "length is -9223372036854775808; must be"},
      {[](auto& m) { m.set_strategy(static_cast<planner::v1::Strategy>(7)); },
       "strategy is 7; must be STRATEGY_AUTO, STRATEGY_STORE_ALL"},
      {[](auto& m) { m.set_strategy(static_cast<planner::v1::Strategy>(-1)); },
       "strategy is -1; must be STRATEGY_AUTO"},
      {[](auto& m) { m.clear_bytes(); }, "budget is unset; set bytes"},
      {[](auto& m) { m.mutable_bytes()->set_state_bytes(0); }, "bytes.state_bytes is 0; must be 1 to 1125899906842624"},
      {[](auto& m) { m.mutable_bytes()->set_state_bytes(kMost); }, "bytes.state_bytes is 9223372036854775807; must be"},
      {[](auto& m) { m.mutable_bytes()->set_tape_bytes(-1); }, "bytes.tape_bytes is -1; must be 0 to 1125899906842624"},
      {[](auto& m) { m.mutable_bytes()->set_budget_bytes(-5); },
       "bytes.budget_bytes is -5; must be 0 to 1125899906842624"},
      {[](auto& m) { m.mutable_slots()->set_slots(0); }, "slots.slots is 0; must be 1 to 10000000"},
      {[](auto& m) {
         m.mutable_slots()->set_slots(1);
         m.mutable_slots()->set_alpha(-1);
       },
       "slots.alpha is -1; must be 1 to 1048576"},
      {[](auto& m) { m.mutable_slots()->set_slots(5); }, "strategy auto"},
      {[](auto& m) { m.set_strategy(planner::v1::STRATEGY_ISM); }, "strategy ism"},
      {[](auto& m) { m.mutable_costs()->set_forward_seconds(kNan); },
       "costs.forward_seconds is nan; must be at least 0 and at most 1e+09"},
      {[](auto& m) { m.mutable_costs()->set_taped_forward_seconds(-1); }, "costs.taped_forward_seconds is -1; must be"},
      {[](auto& m) { m.mutable_costs()->set_backward_seconds(kInfinity); }, "costs.backward_seconds is inf; must be"},
  };
  for (const auto& c : cases) {
    MakePlanRequest message = ByteRequest();
    c.change(message);
    const absl::StatusOr<PlanRequest> request = DecodeRequest(message);
    EXPECT_EQ(request.status().code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_THAT(std::string(request.status().message()), HasSubstr(c.message));
  }
}

TEST(PlanCodec, GoesBothWaysForEveryStrategy) {
  EmbeddedPlanner planner;
  const PlanRequest requests[] = {
      {.length = 1, .budget = ByteBudget{1, 0, 0}},
      {.length = 1000, .budget = ByteBudget{524288, 1048576, 15728640}, .costs = LinkCosts{1, 1.5, 2}},
      {.length = 1000, .strategy = Strategy::kStoreAll, .budget = ByteBudget{1, 1, 5000}},
      {.length = 1000, .strategy = Strategy::kStoreAll, .budget = ByteBudget{1, 1, 5}},  // not feasible
      {.length = 1000, .strategy = Strategy::kChen, .budget = ByteBudget{1, 1, 500}},
      {.length = 1000, .strategy = Strategy::kHsm, .budget = ByteBudget{1, 1, 20}},
      {.length = 1000, .strategy = Strategy::kHsm, .budget = SlotBudget{20, 1}},
      {.length = 1000, .strategy = Strategy::kIsm, .budget = SlotBudget{20, 1}},
      {.length = 1000, .strategy = Strategy::kMsm, .budget = SlotBudget{50, 5}},
  };
  for (const PlanRequest& request : requests) {
    const absl::StatusOr<Plan> plan = planner.MakePlan(request, {});
    ASSERT_TRUE(plan.ok()) << plan.status();
    const absl::StatusOr<Plan> back = DecodePlan(EncodePlan(*plan));
    ASSERT_TRUE(back.ok()) << back.status();
    ExpectSamePlan(*back, *plan);
  }
}

// Two links: the right one taped first, then the left.
MakePlanResponse TwoLinks() {
  MakePlanResponse message;
  message.set_feasible(true);
  message.set_strategy(planner::v1::STRATEGY_HSM);
  message.set_forward_count(3);
  message.set_forward_count_lower_bound(3);
  message.set_forward_count_upper_bound(4);
  auto& schedule = *message.mutable_schedule();
  schedule.add_kinds(schedule::v1::RUN_KIND_TAPE_ALL);
  schedule.add_lengths(1);
  schedule.add_lefts(0);
  schedule.add_rights(0);
  schedule.add_kinds(schedule::v1::RUN_KIND_SPLIT);
  schedule.add_lengths(2);
  schedule.add_lefts(1);
  schedule.add_rights(1);
  return message;
}

TEST(PlanCodec, NamesWhatIsWrongWithASchedule) {
  ASSERT_TRUE(DecodePlan(TwoLinks()).ok()) << DecodePlan(TwoLinks()).status();
  const struct {
    std::function<void(MakePlanResponse&)> change;
    const char* message;
  } cases[] = {
      {[](auto& m) { m.clear_schedule(); }, "schedule.kinds has 0 entries; must have 1 to 1048576"},
      {[](auto& m) { m.mutable_schedule()->add_lengths(1); },
       "schedule.lengths has 3 entries; must have 2, as many as schedule.kinds"},
      {[](auto& m) { m.mutable_schedule()->clear_lefts(); }, "schedule.lefts has 0 entries; must have 2"},
      {[](auto& m) { m.mutable_schedule()->mutable_rights()->RemoveLast(); }, "schedule.rights has 1 entries"},
      {[](auto& m) { m.mutable_schedule()->set_kinds(0, schedule::v1::RUN_KIND_UNSPECIFIED); },
       "schedule.kinds[0] is 0; must be 1 to 6"},
      {[](auto& m) { m.mutable_schedule()->set_kinds(1, static_cast<schedule::v1::RunKind>(99)); },
       "schedule.kinds[1] is 99; must be 1 to 6"},
      {[](auto& m) { m.mutable_schedule()->set_lengths(1, 0); }, "schedule.lengths[1] is 0; must be 1 to 10000000"},
      {[](auto& m) { m.mutable_schedule()->set_lengths(0, -3); }, "schedule.lengths[0] is -3; must be 1 to 10000000"},
      {[](auto& m) { m.mutable_schedule()->set_lefts(1, 2); }, "schedule.lefts[1] is 2; must be 0 to 1"},
      {[](auto& m) { m.mutable_schedule()->set_rights(1, 4'000'000'000U); }, "schedule.rights[1] is 4000000000"},
      {[](auto& m) { m.mutable_schedule()->set_lengths(1, 1); }, "runs[1]"},
      {[](auto& m) { m.mutable_schedule()->set_lefts(1, 0); }, "runs[1]"},
      {[](auto& m) { m.set_forward_count(1); }, "forward_count is 1; must be at least 2"},
      {[](auto& m) { m.set_forward_count_lower_bound(4); }, "forward_count_lower_bound is 4; must be 0 to 3"},
      {[](auto& m) { m.set_forward_count_upper_bound(2); }, "forward_count_upper_bound is 2; must be at least 3"},
      {[](auto& m) { m.set_peak_bytes(-1); }, "peak_bytes is -1; must be at least 0"},
      {[](auto& m) { m.set_peak_slots(-1); }, "peak_slots is -1; must be at least 0"},
      {[](auto& m) { m.set_smallest_feasible_budget(-1); }, "smallest_feasible_budget is -1; must be at least 0"},
      {[](auto& m) { m.set_predicted_seconds(std::nan("")); }, "predicted_seconds is nan; must be finite"},
      {[](auto& m) { m.set_strategy(static_cast<planner::v1::Strategy>(70)); }, "strategy is 70"},
  };
  for (const auto& c : cases) {
    MakePlanResponse message = TwoLinks();
    c.change(message);
    const absl::StatusOr<Plan> plan = DecodePlan(message);
    EXPECT_EQ(plan.status().code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_THAT(std::string(plan.status().message()), HasSubstr(c.message));
  }
}

TEST(PlanCodec, RefusesSchedulesThatAreTooLarge) {
  MakePlanResponse message = TwoLinks();
  auto& schedule = *message.mutable_schedule();
  schedule.mutable_kinds()->Resize(kMaxScheduleRuns + 1, schedule::v1::RUN_KIND_TAPE_ALL);
  schedule.mutable_lengths()->Resize(kMaxScheduleRuns + 1, 1);
  schedule.mutable_lefts()->Resize(kMaxScheduleRuns + 1, 0);
  schedule.mutable_rights()->Resize(kMaxScheduleRuns + 1, 0);
  EXPECT_THAT(std::string(DecodePlan(message).status().message()),
              HasSubstr("1048577 entries; must have 1 to 1048576"));
}

TEST(ScheduleCodec, TheLargestFitsInAMessage) {
  Schedule schedule;
  schedule.runs.push_back({.kind = Run::Kind::kTapeAll, .length = kMaxChainLength - kMaxScheduleRuns});
  while (schedule.runs.size() < kMaxScheduleRuns) {
    const auto last = static_cast<int32_t>(schedule.runs.size() - 1);
    schedule.runs.push_back({.kind = Run::Kind::kSweepLast, .length = schedule.runs.back().length + 1, .left = last});
  }
  const schedule::v1::Schedule message = EncodeSchedule(schedule);
  EXPECT_LT(message.ByteSizeLong(), size_t{15} << 20);
  const absl::StatusOr<Schedule> back = DecodeSchedule(message);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, schedule);
}

}  // namespace
}  // namespace recurve
