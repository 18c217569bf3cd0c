// SPDX-License-Identifier: Apache-2.0
#include "planner_service/codec/chain_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>

namespace recurve {
namespace {

using ::testing::HasSubstr;
using Random = std::mt19937_64;

ChainRequest EncoderDecoder() {
  return {.segments = {{10, 8, 40, 3, 4, 7}, {6, 20, 90, 5, 6, 11}},
          .final_state_bytes = 21,
          .budget_bytes = 300,
          .max_corners = 9};
}

TwoLevelRequest TwoLevels() {
  return {.length = 30,
          .state_bytes = 2,
          .tape_bytes = 5,
          .forward_cost = 3,
          .taped_forward_cost = 4,
          .backward_cost = 7,
          .device = {.bytes = 9, .write_cost = 1, .read_cost = 2},
          .host = {.bytes = 14, .write_cost = 5, .read_cost = 6},
          .start = Level::kHost};
}

void ExpectSame(const ChainPlan& a, const ChainPlan& b) {
  EXPECT_EQ(a.cost, b.cost);
  EXPECT_EQ(a.cost_lower_bound, b.cost_lower_bound);
  EXPECT_EQ(a.peak_bytes, b.peak_bytes);
  EXPECT_EQ(a.working_set_bytes, b.working_set_bytes);
  EXPECT_EQ(a.store_all_cost, b.store_all_cost);
  EXPECT_EQ(a.store_all_bytes, b.store_all_bytes);
  EXPECT_EQ(a.curve, b.curve);
  EXPECT_EQ(a.schedule, b.schedule);
}

TEST(ChainCodec, GoesBothWays) {
  const ChainRequest request = EncoderDecoder();
  const absl::StatusOr<ChainRequest> back = DecodeRequest(EncodeRequest(request));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, request);
  EmbeddedChainPlanner planner;
  const absl::StatusOr<ChainPlan> plan = planner.PlanChain(request, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->curve.size(), 9u);
  const absl::StatusOr<ChainPlan> plan_back = DecodePlan(EncodePlan(*plan));
  ASSERT_TRUE(plan_back.ok()) << plan_back.status();
  ExpectSame(*plan_back, *plan);
}

TEST(TwoLevelCodec, GoesBothWays) {
  const TwoLevelRequest request = TwoLevels();
  const absl::StatusOr<TwoLevelRequest> back = DecodeRequest(EncodeRequest(request));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, request);
  EmbeddedChainPlanner planner;
  const absl::StatusOr<TwoLevelPlan> plan = planner.PlanTwoLevel(request, {});
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_GT(plan->host.writes, 0);
  const absl::StatusOr<TwoLevelPlan> plan_back = DecodePlan(EncodePlan(*plan));
  ASSERT_TRUE(plan_back.ok()) << plan_back.status();
  EXPECT_EQ(plan_back->cost, plan->cost);
  EXPECT_EQ(plan_back->device_only_cost, plan->device_only_cost);
  EXPECT_EQ(plan_back->store_all_cost, plan->store_all_cost);
  EXPECT_EQ(plan_back->forward_count, plan->forward_count);
  EXPECT_EQ(plan_back->device_peak_bytes, plan->device_peak_bytes);
  EXPECT_EQ(plan_back->host_peak_bytes, plan->host_peak_bytes);
  EXPECT_EQ(plan_back->device.writes, plan->device.writes);
  EXPECT_EQ(plan_back->device.reads, plan->device.reads);
  EXPECT_EQ(plan_back->host.writes, plan->host.writes);
  EXPECT_EQ(plan_back->host.reads, plan->host.reads);
  EXPECT_EQ(plan_back->schedule, plan->schedule);
}

TEST(TwoLevelCodec, FillsInWhatTheProtoSays) {
  planner::v1::PlanTwoLevelRequest message = EncodeRequest(TwoLevels());
  message.clear_host();
  message.clear_start();
  const absl::StatusOr<TwoLevelRequest> request = DecodeRequest(message);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->host, TwoLevelRequest::Store());
  EXPECT_EQ(request->start, Level::kDevice);
}

template <typename Message, typename Change>
std::string Refusal(Message message, const Change& change) {
  change(message);
  absl::Status status;
  if constexpr (std::is_same_v<Message, planner::v1::PlanChainResponse> ||
                std::is_same_v<Message, planner::v1::PlanTwoLevelResponse>) {
    status = DecodePlan(message).status();
  } else {
    status = DecodeRequest(message).status();
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  return std::string(status.message());
}

TEST(ChainCodec, NamesTheFieldThatIsWrong) {
  const planner::v1::PlanChainRequest request = EncodeRequest(EncoderDecoder());
  EXPECT_THAT(Refusal(request, [](auto& m) { m.clear_segments(); }), HasSubstr("segments has 0 entries"));
  EXPECT_THAT(Refusal(request,
                      [](auto& m) {
                        for (int i = 0; i < 2'000; ++i) m.add_segments();
                      }),
              HasSubstr("segments has 2002 entries; must have 1 to 2000"));
  EXPECT_THAT(Refusal(request, [](auto& m) { m.mutable_segments(1)->set_links(0); }),
              HasSubstr("segments[1].links is 0; must be 1 to 2000"));
  EXPECT_THAT(Refusal(request, [](auto& m) { m.set_budget_bytes(-1); }), HasSubstr("budget_bytes is -1"));
  EXPECT_THAT(Refusal(EncodeRequest(TwoLevels()), [](auto& m) { m.mutable_host()->set_read_cost(-1); }),
              HasSubstr("host.read_cost is -1"));
  EXPECT_THAT(
      Refusal(EncodeRequest(TwoLevels()), [](auto& m) { m.set_start(static_cast<planner::v1::StoreLevel>(3)); }),
      HasSubstr("start is 3; must be STORE_LEVEL_DEVICE or STORE_LEVEL_HOST"));
}

TEST(ChainCodec, NamesWhatIsWrongWithAnAnswer) {
  EmbeddedChainPlanner planner;
  const planner::v1::PlanChainResponse chain = EncodePlan(*planner.PlanChain(EncoderDecoder(), {}));
  EXPECT_THAT(Refusal(chain, [](auto& m) { m.clear_schedule(); }), HasSubstr("schedule.kinds has 0 entries"));
  EXPECT_THAT(Refusal(chain, [](auto& m) { m.set_cost(1); }), HasSubstr("cost is 1; must be"));
  EXPECT_THAT(Refusal(chain, [](auto& m) { m.set_cost_lower_bound(m.cost() + 1); }), HasSubstr("cost_lower_bound"));
  EXPECT_THAT(Refusal(chain, [](auto& m) { m.set_peak_bytes(-1); }), HasSubstr("peak_bytes is -1"));
  EXPECT_THAT(Refusal(chain, [](auto& m) { m.mutable_curve(1)->set_bytes(0); }), HasSubstr("curve[1].bytes is 0"));
  EXPECT_THAT(Refusal(chain, [](auto& m) { m.mutable_curve(2)->set_cost(m.curve(1).cost()); }),
              HasSubstr("curve[2].cost"));
  const planner::v1::PlanTwoLevelResponse two = EncodePlan(*planner.PlanTwoLevel(TwoLevels(), {}));
  EXPECT_THAT(Refusal(two, [](auto& m) { m.set_device_only_cost(0); }), HasSubstr("device_only_cost is 0"));
  EXPECT_THAT(Refusal(two, [](auto& m) { m.set_forward_count(29); }),
              HasSubstr("forward_count is 29; must be at least 30"));
  EXPECT_THAT(Refusal(two, [](auto& m) { m.mutable_host()->set_writes(-1); }), HasSubstr("host.writes is -1"));
  EXPECT_THAT(Refusal(two, [](auto& m) { m.mutable_device()->set_reads(-1); }), HasSubstr("device.reads is -1"));
}

// Damaged messages are refused or are what the planner may be asked and may answer.
TEST(ChainCodec, DamagedMessagesAreRefusedOrGood) {
  Random random(1);
  EmbeddedChainPlanner planner;
  const std::string request_bytes = EncodeRequest(EncoderDecoder()).SerializeAsString();
  const std::string answer_bytes = EncodePlan(*planner.PlanChain(EncoderDecoder(), {})).SerializeAsString();
  int accepted = 0;
  for (int round = 0; round < 10'000; ++round) {
    const bool is_request = round % 2 == 0;
    std::string bytes = is_request ? request_bytes : answer_bytes;
    for (int changes = 1 + static_cast<int>(random() % 3); changes > 0; --changes) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    absl::Status status;
    if (is_request) {
      planner::v1::PlanChainRequest message;
      if (!message.ParseFromString(bytes)) continue;
      const absl::StatusOr<ChainRequest> request = DecodeRequest(message);
      status = request.status();
      if (request.ok()) {
        EXPECT_TRUE(CheckRequest(*request).ok());
      }
    } else {
      planner::v1::PlanChainResponse message;
      if (!message.ParseFromString(bytes)) continue;
      const absl::StatusOr<ChainPlan> plan = DecodePlan(message);
      status = plan.status();
      if (plan.ok()) {
        EXPECT_TRUE(CheckWellFormed(plan->schedule).ok());
      }
    }
    if (!status.ok()) {
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    }
    accepted += status.ok() ? 1 : 0;
  }
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace recurve
