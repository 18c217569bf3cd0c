// SPDX-License-Identifier: Apache-2.0
//
// Random bytes and damaged messages: the decoder answers with INVALID_ARGUMENT or with something that really is well
// formed, and what it accepts can be walked to the end.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "planner_service/codec/plan_codec.h"
#include "planner_service/codec/schedule_codec.h"
#include "planner_service/planning/planner.h"
#include "planner_service/schedule/schedule.h"
#include "tests/planner_service/codec/damage.h"

namespace recurve {
namespace {

// The longest schedule that is walked; a walk of N links has fewer than 8 N actions.
constexpr int64_t kMostLinksWalked = 5'000;

void CheckDecodedRequest(const absl::StatusOr<PlanRequest>& request) {
  if (request.ok()) {
    EXPECT_TRUE(CheckRequest(*request).ok());
  } else {
    EXPECT_EQ(request.status().code(), absl::StatusCode::kInvalidArgument) << request.status();
  }
}

// Returns whether it was accepted.
bool CheckDecodedPlan(const absl::StatusOr<Plan>& plan) {
  if (!plan.ok()) {
    EXPECT_EQ(plan.status().code(), absl::StatusCode::kInvalidArgument) << plan.status();
    return false;
  }
  if (!plan->feasible) return true;
  EXPECT_TRUE(CheckWellFormed(plan->schedule).ok());
  const int64_t length = plan->schedule.length();
  EXPECT_LE(length, plan->forward_count);
  if (length > kMostLinksWalked) return true;
  int64_t actions = 0;
  for (ScheduleWalk walk(plan->schedule); walk.Next();) ++actions;
  EXPECT_LT(actions, 8 * length);
  return true;
}

int64_t Extreme(Random& random) {
  constexpr int64_t kValues[] = {0,         1,        -1, 2, 3, 64, 1'000, 10'000'000, 10'000'001, int64_t{1} << 50,
                                 INT64_MAX, INT64_MIN};
  return kValues[random() % std::size(kValues)];
}

// A schedule message whose entries are near what is valid, so that the deeper checks are reached.
schedule::v1::Schedule NearlyValidSchedule(Random& random) {
  schedule::v1::Schedule message;
  const int runs = 1 + static_cast<int>(random() % 8);
  for (int i = 0; i < runs; ++i) {
    const auto part = [&] { return static_cast<uint32_t>(random() % (i + 1)); };
    const auto kind = static_cast<schedule::v1::RunKind>(random() % 16 == 0 ? random() % 9 : 1 + random() % 6);
    const bool tape_all = kind == schedule::v1::RUN_KIND_TAPE_ALL;
    const bool is_split = kind == schedule::v1::RUN_KIND_SPLIT || kind == schedule::v1::RUN_KIND_SPLIT_HOST;
    const bool has_right = is_split || kind == schedule::v1::RUN_KIND_SPLIT_TAPE;
    const uint32_t left = tape_all ? 0 : part();
    const uint32_t right = has_right ? part() : 0;
    // Unsigned, as sums of extreme lengths wrap.
    const auto length_of = [&](uint32_t p) {
      return p == 0 ? uint64_t{0} : static_cast<uint64_t>(message.lengths(static_cast<int>(p) - 1));
    };
    const uint64_t taped = tape_all ? 1 + random() % 9 : is_split || kind == schedule::v1::RUN_KIND_FETCH ? 0 : 1;
    message.add_kinds(kind);
    message.add_lefts(left);
    message.add_rights(right);
    message.add_lengths(random() % 16 == 0 ? Extreme(random)
                                           : static_cast<int64_t>(taped + length_of(left) + length_of(right)));
  }
  return message;
}

TEST(CodecMutation, RandomBytes) {
  Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    const std::string bytes = RandomBytes(random);
    planner::v1::MakePlanRequest request;
    if (request.ParseFromString(bytes)) CheckDecodedRequest(DecodeRequest(request));
    planner::v1::MakePlanResponse response;
    if (response.ParseFromString(bytes)) CheckDecodedPlan(DecodePlan(response));
  }
}

TEST(CodecMutation, ExtremeRequests) {
  Random random(2);
  for (int i = 0; i < 20'000; ++i) {
    planner::v1::MakePlanRequest request;
    request.set_length(Extreme(random));
    request.set_strategy(static_cast<planner::v1::Strategy>(random() % 9));
    if (random() % 2 == 0) {
      request.mutable_bytes()->set_state_bytes(Extreme(random));
      request.mutable_bytes()->set_tape_bytes(Extreme(random));
      request.mutable_bytes()->set_budget_bytes(Extreme(random));
    } else {
      request.mutable_slots()->set_slots(Extreme(random));
      request.mutable_slots()->set_alpha(Extreme(random));
    }
    CheckDecodedRequest(DecodeRequest(request));
  }
}

TEST(CodecMutation, DamagedPlans) {
  EmbeddedPlanner planner;
  Random random(3);
  for (const int64_t budget : {20, 100, 1'000}) {
    const absl::StatusOr<Plan> plan = planner.MakePlan({.length = 300, .budget = ByteBudget{1, 2, budget}}, {});
    ASSERT_TRUE(plan.ok()) << plan.status();
    const std::string bytes = EncodePlan(*plan).SerializeAsString();
    for (int i = 0; i < 5'000; ++i) {
      planner::v1::MakePlanResponse response;
      if (response.ParseFromString(Damage(bytes, random))) CheckDecodedPlan(DecodePlan(response));
    }
  }
}

TEST(CodecMutation, NearlyValidSchedules) {
  Random random(4);
  int accepted = 0;
  for (int i = 0; i < 40'000; ++i) {
    planner::v1::MakePlanResponse response;
    response.set_feasible(true);
    response.set_forward_count(kMaxChainLength);
    response.set_forward_count_upper_bound(kMaxChainLength);
    *response.mutable_schedule() = NearlyValidSchedule(random);
    accepted += CheckDecodedPlan(DecodePlan(response)) ? 1 : 0;
  }
  EXPECT_GT(accepted, 1'000);
}

}  // namespace
}  // namespace recurve
