// SPDX-License-Identifier: Apache-2.0
#include "planner_service/schedule/replay.h"

#include <cstdint>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "planner_service/schedule/replay_machine.h"

namespace recurve {
namespace {

using ::testing::HasSubstr;
using Tape = Action::Tape;

constexpr ReplayCosts kReplayCosts = {.state_bytes = 10, .tape_bytes = 100};

Action Forward(int64_t begin, int64_t end, Tape tape = Tape::kNone, bool write_state = false) {
  return {.kind = Action::Kind::kForward, .tape = tape, .write_state = write_state, .begin = begin, .end = end};
}
Action Reverse(int64_t begin, int64_t end) { return {.kind = Action::Kind::kReverse, .begin = begin, .end = end}; }
Action Copy(int64_t state) { return {.kind = Action::Kind::kCopy, .begin = state, .end = state}; }
Action Discard(int64_t state) { return {.kind = Action::Kind::kDiscard, .begin = state, .end = state}; }

Action ToHost(int64_t begin, int64_t end, Tape tape = Tape::kNone) {
  Action action = Forward(begin, end, tape, true);
  action.level = Level::kHost;
  return action;
}
Action OnHost(Action action) {
  action.level = Level::kHost;
  return action;
}

absl::StatusOr<ReplayResult> Apply(int64_t length, const std::vector<Action>& actions,
                                   const ReplayCosts& costs = kReplayCosts) {
  ReplayMachine machine(length, costs);
  for (const Action& action : actions) {
    if (absl::Status status = machine.Apply(action); !status.ok()) return status;
  }
  return machine.Finish();
}

TEST(ReplayMachineTest, CountsARunTapedWhole) {
  absl::StatusOr<ReplayResult> result =
      Apply(5, {Forward(0, 4, Tape::kStored), Forward(4, 5, Tape::kWork), Reverse(0, 5)});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->forward_count, 5);
  EXPECT_EQ(result->taped_count, 5);
  EXPECT_EQ(result->peak_tapes, 4);
  EXPECT_EQ(result->peak_states, 3);
  EXPECT_EQ(result->peak_bytes, 430);
  EXPECT_EQ(result->peak_paper_bytes, 10 + 4 * 110);
}

TEST(ReplayMachineTest, ReversingInPartsIsTheSame) {
  absl::StatusOr<ReplayResult> result =
      Apply(5, {Forward(0, 2, Tape::kStored), Forward(2, 4, Tape::kStored), Forward(4, 5, Tape::kWork), Reverse(4, 5),
                Reverse(3, 4), Reverse(1, 3), Reverse(0, 1)});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->peak_bytes, 430);
}

TEST(ReplayMachineTest, FreesStatesWithTheTapesBeforeThem) {
  // After link 3 is reversed, tapes 0..2 and states 1..3 remain; reversing link 2 frees state 3.
  absl::StatusOr<ReplayResult> result =
      Apply(5, {Forward(0, 4, Tape::kStored), Forward(4, 5, Tape::kWork), Reverse(2, 5), Copy(2), Reverse(0, 2)});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->peak_bytes, 430);
}

TEST(ReplayMachineTest, CountsStatesOfSplits) {
  absl::StatusOr<ReplayResult> result = Apply(2, {Forward(0, 1), Forward(1, 2, Tape::kWork, true), Reverse(1, 2),
                                                  Discard(1), Copy(0), Forward(0, 1, Tape::kWork), Reverse(0, 1)});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->forward_count, 3);
  EXPECT_EQ(result->taped_count, 2);
  EXPECT_EQ(result->peak_bytes, 10);
  EXPECT_EQ(result->peak_paper_bytes, 20);
}

TEST(ReplayMachineTest, AnInternalStateIsTheTapeAndTheStateAfterIt) {
  absl::StatusOr<ReplayResult> result =
      Apply(3, {Forward(0, 1), Forward(1, 2, Tape::kStored), Forward(2, 3, Tape::kWork, true), Reverse(2, 3), Copy(2),
                Discard(2), Reverse(1, 2), Discard(1), Copy(0), Forward(0, 1, Tape::kWork), Reverse(0, 1)});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->peak_bytes, 120);
  EXPECT_EQ(result->peak_paper_bytes, 10 + 110);
}

TEST(ReplayMachineTest, CountsBothStoresAndWhatMovesBetweenThem) {
  absl::StatusOr<ReplayResult> result = Apply(
      4, {Forward(0, 1), ToHost(1, 2), Forward(2, 3, Tape::kNone, true), Forward(3, 4, Tape::kWork), Reverse(3, 4),
          Copy(2), Forward(2, 3, Tape::kWork), Reverse(2, 3), Discard(2), OnHost(Copy(1)), Forward(1, 2, Tape::kWork),
          Reverse(1, 2), OnHost(Discard(1)), Copy(0), Forward(0, 1, Tape::kWork), Reverse(0, 1)});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->peak_bytes, 10);
  EXPECT_EQ(result->host_peak_bytes, 10);
  EXPECT_EQ(result->device.writes, 1);
  EXPECT_EQ(result->device.reads, 2);
  EXPECT_EQ(result->host.writes, 1);
  EXPECT_EQ(result->host.reads, 1);
}

TEST(ReplayMachineTest, AStartStateOnTheHostIsTapedFromAFetchedCopyOnly) {
  const ReplayCosts from_host = {.state_bytes = 10, .tape_bytes = 100, .start = Level::kHost};
  absl::StatusOr<ReplayResult> result =
      Apply(2, {Forward(0, 1, Tape::kStored, true), Forward(1, 2, Tape::kWork), Reverse(0, 2), Discard(0)}, from_host);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->peak_bytes, 110);
  // Without the copy, state 0 is stored with the tape and remains there.
  EXPECT_THAT(std::string(Apply(2, {Forward(0, 1, Tape::kStored), Forward(1, 2, Tape::kWork), Reverse(0, 2)}, from_host)
                              .status()
                              .message()),
              HasSubstr("1 states and 0 tapes still stored"));
  EXPECT_THAT(std::string(Apply(2, {Forward(0, 1), Copy(0)}, from_host).status().message()),
              HasSubstr("state 0 is not stored"));
}

TEST(ReplayMachineTest, LinksThatDifferCountByTheirOwnSizes) {
  const LinkSums sums({{1, 100, 7}, {2, 200, 11}, {4, 400, 13}, {8, 800, 17}});
  const ReplayCosts costs = {.links = &sums};
  absl::StatusOr<ReplayResult> all = Apply(
      4, {Forward(0, 3, Tape::kStored), Forward(3, 4, Tape::kWork), Reverse(2, 4), Copy(2), Reverse(0, 2)}, costs);
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->peak_bytes, 700 + 2 + 4);
  EXPECT_EQ(all->forward_cost, 0);
  // The peak: state 3, then state 1 with two tapes.
  absl::StatusOr<ReplayResult> split =
      Apply(4,
            {Forward(0, 3), Forward(3, 4, Tape::kWork, true), Reverse(3, 4), Discard(3), Copy(0),
             Forward(0, 2, Tape::kStored), Forward(2, 3, Tape::kWork), Reverse(1, 3), Reverse(0, 1)},
            costs);
  ASSERT_TRUE(split.ok()) << split.status();
  EXPECT_EQ(split->peak_bytes, 300 + 2);
  EXPECT_EQ(split->forward_cost, 7 + 11 + 13);
  EXPECT_EQ(split->peak_paper_bytes, 0);
}

struct Refused {
  const char* name;
  int64_t length;
  std::vector<Action> actions;
  const char* message;
};

class RefusedTest : public ::testing::TestWithParam<Refused> {};

TEST_P(RefusedTest, NamesActionAndReason) {
  const absl::StatusOr<ReplayResult> result = Apply(GetParam().length, GetParam().actions);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(result.status().message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Actions, RefusedTest,
    ::testing::Values(
        Refused{"NothingDone", 2, {}, "links [0, 2) not reversed"},
        Refused{"StopsHalfWay", 2, {Forward(0, 1), Forward(1, 2, Tape::kWork), Reverse(1, 2)}, "[0, 1) not reversed"},
        Refused{"StateNeverStored", 3, {Forward(0, 2), Copy(1)}, "copy 1: state 1 is not stored"},
        Refused{"StateDiscarded",
                3,
                {Forward(0, 1), Forward(1, 2, Tape::kNone, true), Discard(1), Copy(1)},
                "state 1 is not stored"},
        Refused{"ForwardFromElsewhere", 3, {Forward(1, 2)}, "state 1 is not current"},
        Refused{"NoTape", 1, {Forward(0, 1), Reverse(0, 1)}, "tape of link 0"},
        Refused{"ReverseTwice", 1, {Forward(0, 1, Tape::kWork), Reverse(0, 1), Reverse(0, 1)}, "next link to reverse"},
        Refused{"ReverseOutOfOrder", 2, {Forward(0, 1, Tape::kStored), Reverse(0, 1)}, "next link to reverse is 1"},
        Refused{"ReverseOfLinksNotThere", 2, {Reverse(-1, 2)}, "next link"},
        Refused{"TapeGoneAfterFirstUse",
                2,
                {Forward(0, 1, Tape::kStored), Forward(1, 2, Tape::kWork), Reverse(0, 2), Reverse(0, 1)},
                "next link to reverse is -1"},
        Refused{"WorkTapeOverwritten",
                2,
                {Forward(0, 1, Tape::kWork), Forward(1, 2, Tape::kWork)},
                "tape of link 0 is in the working set"},
        Refused{"WorkTapeOfTwoLinks", 2, {Forward(0, 2, Tape::kWork)}, "one link only"},
        Refused{"StateStoredTwice",
                3,
                {Forward(0, 1), Forward(1, 2, Tape::kNone, true), Copy(1), Forward(1, 2, Tape::kNone, true)},
                "state 1 is already stored"},
        Refused{"StateZeroStored", 1, {Forward(0, 1, Tape::kNone, true)}, "state 0 is already stored"},
        Refused{
            "StoredOutOfOrder",
            4,
            {Forward(0, 2), Forward(2, 3, Tape::kNone, true), Copy(0), Forward(0, 1), Forward(1, 2, Tape::kNone, true)},
            "to the right of state 1"},
        Refused{"TapedOutOfOrder",
                4,
                {Forward(0, 2), Forward(2, 3, Tape::kNone, true), Copy(0), Forward(0, 1, Tape::kStored)},
                "to the right of state 0"},
        Refused{"DiscardOfNothing", 2, {Discard(1)}, "not the last object stored"},
        Refused{"DiscardBelowAnother",
                4,
                {Forward(0, 1), Forward(1, 2, Tape::kNone, true), Forward(2, 3, Tape::kNone, true), Discard(1)},
                "state 1 is not the last object stored"},
        Refused{"LeftStored",
                2,
                {Forward(0, 1), Forward(1, 2, Tape::kWork, true), Reverse(1, 2), Copy(0), Forward(0, 1, Tape::kWork),
                 Reverse(0, 1)},
                "1 states and 0 tapes still stored"},
        Refused{"StateAfterTheLinkLost",
                3,
                {Forward(0, 1, Tape::kStored), Forward(1, 2), Forward(2, 3, Tape::kWork), Reverse(2, 3), Copy(0),
                 Reverse(1, 2)},
                "state 2 is not live"},
        Refused{
            "StateBeforeTheLinkLost", 2, {Forward(0, 1), Forward(1, 2, Tape::kNone), Reverse(1, 2)}, "tape of link 1"},
        Refused{"PastTheReversedLinks",
                2,
                {Forward(0, 1), Forward(1, 2, Tape::kWork), Reverse(1, 2), Copy(0), Forward(0, 2)},
                "not reversed yet, [0, 1)"},
        Refused{"CopyFromTheWrongLevel", 3, {Forward(0, 1), ToHost(1, 2), Copy(1)}, "copy 1: state 1 is not stored"},
        Refused{"CopyFromTheHostOfNothing", 3, {OnHost(Copy(0))}, "copy 0 from host: state 0 is not stored"},
        Refused{"DiscardFromTheWrongLevel", 3, {Forward(0, 1), ToHost(1, 2), Discard(1)}, "not the last object stored"},
        Refused{"StoredOnTheHostTwice",
                3,
                {Forward(0, 1), ToHost(1, 2), OnHost(Copy(1)), ToHost(1, 2)},
                "state 1 is already stored"},
        Refused{"StoredOnTheHostOutOfOrder",
                4,
                {Forward(0, 2), ToHost(2, 3), Copy(0), Forward(0, 1), ToHost(1, 2)},
                "to the right of state 1"},
        Refused{"DiscardOnTheHostBelowAnother",
                4,
                {Forward(0, 1), ToHost(1, 2), ToHost(2, 3), OnHost(Discard(1))},
                "state 1 is not the last object stored"},
        Refused{"LeftOnTheHost",
                2,
                {Forward(0, 1), ToHost(1, 2, Tape::kWork), Reverse(1, 2), Copy(0), Forward(0, 1, Tape::kWork),
                 Reverse(0, 1)},
                "1 states on the host"},
        Refused{"ReversedFromTheHost",
                3,
                {Forward(0, 1), ToHost(1, 2, Tape::kStored), Forward(2, 3, Tape::kWork), Reverse(1, 3), Discard(1),
                 OnHost(Discard(1)), Forward(0, 1)},
                "state 0 is not current"},
        Refused{"EmptyRange", 2, {Forward(0, 0)}, "must be a range"},
        Refused{"CopyOfARange", 2, {{.kind = Action::Kind::kCopy, .begin = 0, .end = 1}}, "must equal begin"},
        Refused{"UnknownKind", 2, {{.kind = static_cast<Action::Kind>(9)}}, "unknown kind"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ReplayTest, StoreAllOfTenMillionLinksIsThreeActions) {
  const Schedule schedule = {{{.kind = Run::Kind::kTapeAll, .length = 10'000'000}}};
  absl::StatusOr<ReplayResult> result = Replay(schedule, kReplayCosts, 3);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->peak_bytes, int64_t{9'999'999} * 100 + int64_t{9'999'998} * 10);
}

TEST(ReplayTest, StopsAfterTheActionsItMayReplay) {
  const Schedule schedule = {{{.kind = Run::Kind::kTapeAll, .length = 2}}};
  EXPECT_EQ(Replay(schedule, kReplayCosts, 2).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(ReplayTest, BytesStayAtTheLargestIntegerInsteadOfOverflowing) {
  const Schedule schedule = {{{.kind = Run::Kind::kTapeAll, .length = int64_t{1} << 40}}};
  absl::StatusOr<ReplayResult> result = Replay(schedule, {.state_bytes = 1, .tape_bytes = int64_t{1} << 50}, 10);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->peak_bytes, INT64_MAX);
}

}  // namespace
}  // namespace recurve
