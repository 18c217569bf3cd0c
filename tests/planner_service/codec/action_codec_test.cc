// SPDX-License-Identifier: Apache-2.0
#include "planner_service/codec/action_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planner_service/codec/verification_codec.h"
#include "planner_service/planning/plan.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;
using Kind = Action::Kind;
using Tape = Action::Tape;

TEST(ActionCodecTest, ActionsComeBackAsTheyWere) {
  std::vector<Action> actions;
  for (const Tape tape : {Tape::kNone, Tape::kStored, Tape::kWork}) {
    actions.push_back({.kind = Kind::kForward, .tape = tape, .begin = 7, .end = 1'000'000});
    for (const Level level : {Level::kDevice, Level::kHost}) {
      actions.push_back({.kind = Kind::kForward, .tape = tape, .write_state = true, .level = level, .end = 3});
    }
  }
  actions.push_back({.kind = Kind::kReverse, .begin = -1, .end = INT64_MAX});
  for (const Kind kind : {Kind::kCopy, Kind::kDiscard}) {
    for (const Level level : {Level::kDevice, Level::kHost}) {
      actions.push_back({.kind = kind, .level = level, .begin = 5, .end = 5});
    }
  }
  schedule::v1::ActionChunk chunk;
  for (const Action& action : actions) AppendAction(action, chunk);
  const absl::StatusOr<std::vector<Action>> decoded = DecodeActions(chunk);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, actions);
}

TEST(ActionCodecTest, AnActionIsAFewBytes) {
  schedule::v1::ActionChunk chunk;
  for (int i = 0; i < 1000; ++i) AppendAction({.begin = 9'999'999, .end = 10'000'000}, chunk);
  EXPECT_LE(chunk.ByteSizeLong(), 1000 * 10 + 20);
}

TEST(ActionCodecTest, NamesTheFieldThatIsWrong) {
  const auto refused = [](const schedule::v1::ActionChunk& chunk, const char* part) {
    const auto decoded = DecodeActions(chunk);
    EXPECT_EQ(decoded.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(decoded.status().message()), HasSubstr(part));
  };
  schedule::v1::ActionChunk good;
  AppendAction({.kind = Kind::kReverse, .begin = 0, .end = 1}, good);
  AppendAction({.kind = Kind::kCopy, .begin = 0, .end = 0}, good);
  for (const int kind : {0, 7, -1}) {
    schedule::v1::ActionChunk chunk = good;
    chunk.set_kinds(1, static_cast<schedule::v1::ActionKind>(kind));
    refused(chunk, "actions.kinds[1] is ");
  }
  schedule::v1::ActionChunk chunk = good;
  chunk.set_stores(0, schedule::v1::STATE_STORE_DEVICE);
  refused(chunk, "actions.stores[0] is 1");
  chunk = good;
  chunk.set_stores(1, schedule::v1::STATE_STORE_UNSPECIFIED);
  refused(chunk, "actions.stores[1] is 0");
  chunk = good;
  chunk.add_ends(4);
  refused(chunk, "2, 2, 2 and 3 entries");
  for (int i = 0; i < kMaxChunkActions; ++i) AppendAction({}, good);
  refused(good, "must have at most 8192");
}

TEST(VerificationCodecTest, TasksAndVerdictsComeBackAsTheyWere) {
  const VerificationTask tasks[] = {{.length = 5, .state_bytes = 2},
                                    {.length = kMaxChainLength,
                                     .state_bytes = kMaxBytes,
                                     .tape_bytes = 3,
                                     .start = Level::kHost,
                                     .budget_bytes = 0,
                                     .claimed_peak_bytes = 0,
                                     .claimed_forward_count = INT64_MAX}};
  for (const VerificationTask& task : tasks) {
    const absl::StatusOr<VerificationTask> decoded = DecodeTask(EncodeTask(task));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, task);
  }
  const Verdict verdicts[] = {{.action_count = 1, .forward_count = 2, .peak_bytes = 3, .host_peak_bytes = 4},
                              {.failed_claims = {"a", "b"}, .action_count = 9},
                              {.violation = ScheduleViolation{7, "copy 3", "state 3 is not stored"}}};
  for (const Verdict& verdict : verdicts) EXPECT_EQ(*DecodeVerdict(EncodeVerdict(verdict)), verdict);
}

TEST(VerificationCodecTest, NamesTheFieldThatIsWrong) {
  planner::v1::VerificationTask message;
  EXPECT_THAT(std::string(DecodeTask(message).status().message()), HasSubstr("task.length is 0; must be 1 to"));
  message.set_length(1);
  EXPECT_THAT(std::string(DecodeTask(message).status().message()), HasSubstr("task.state_bytes is 0; must be 1 to"));
  message.set_state_bytes(1);
  EXPECT_TRUE(DecodeTask(message).ok());
  message.set_start(static_cast<schedule::v1::StateStore>(3));
  EXPECT_THAT(std::string(DecodeTask(message).status().message()), HasSubstr("task.start is 3"));
}

}  // namespace
}  // namespace recurve
