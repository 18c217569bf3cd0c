// SPDX-License-Identifier: Apache-2.0
#include "planner_service/schedule/schedule.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recurve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Run TapeAll(int64_t length) { return {.kind = Run::Kind::kTapeAll, .length = length}; }

Run Split(int64_t length, int32_t left, int32_t right) {
  return {.kind = Run::Kind::kSplit, .length = length, .left = left, .right = right};
}

Run SweepLast(int64_t length, int32_t left) { return {.kind = Run::Kind::kSweepLast, .length = length, .left = left}; }

Run SplitTape(int64_t length, int32_t left, int32_t right) {
  return {.kind = Run::Kind::kSplitTape, .length = length, .left = left, .right = right};
}

Run SplitHost(int64_t length, int32_t left, int32_t right) {
  return {.kind = Run::Kind::kSplitHost, .length = length, .left = left, .right = right};
}

Run Fetch(int64_t length, int32_t left) { return {.kind = Run::Kind::kFetch, .length = length, .left = left}; }

std::vector<std::string> Actions(const Schedule& schedule, Level start = Level::kDevice) {
  std::vector<std::string> actions;
  ScheduleWalk walk(schedule, start);
  while (std::optional<Action> action = walk.Next()) actions.push_back(ToString(*action));
  return actions;
}

TEST(ScheduleWalkTest, OneLinkIsTapedInTheWorkingSet) {
  EXPECT_THAT(Actions({{TapeAll(1)}}), ElementsAre("forward [0, 1) tape in working set", "reverse [0, 1)"));
}

TEST(ScheduleWalkTest, TapeAllKeepsTheLastTapeInTheWorkingSet) {
  EXPECT_THAT(Actions({{TapeAll(5)}}),
              ElementsAre("forward [0, 4) tape stored", "forward [4, 5) tape in working set", "reverse [0, 5)"));
}

TEST(ScheduleWalkTest, SplitStoresTheStateAndDiscardsItBeforeItsLeftPart) {
  EXPECT_THAT(
      Actions({{TapeAll(2), TapeAll(1), Split(3, 0, 1)}}),
      ElementsAre("forward [0, 2)", "forward [2, 3) write_state tape in working set", "reverse [2, 3)", "discard 2",
                  "copy 0", "forward [0, 1) tape stored", "forward [1, 2) tape in working set", "reverse [0, 2)"));
}

TEST(ScheduleWalkTest, RightPartsAreWrittenByTheirFirstForward) {
  EXPECT_THAT(
      Actions({{TapeAll(1), TapeAll(3), Split(4, 0, 1)}}),
      ElementsAre("forward [0, 1)", "forward [1, 3) write_state tape stored", "forward [3, 4) tape in working set",
                  "reverse [1, 4)", "discard 1", "copy 0", "forward [0, 1) tape in working set", "reverse [0, 1)"));
}

TEST(ScheduleWalkTest, SweepLastStoresNothing) {
  EXPECT_THAT(Actions({{TapeAll(1), SweepLast(2, 0)}}),
              ElementsAre("forward [0, 1)", "forward [1, 2) tape in working set", "reverse [1, 2)", "copy 0",
                          "forward [0, 1) tape in working set", "reverse [0, 1)"));
}

TEST(ScheduleWalkTest, OneRunStandsForManyEqualParts) {
  const Schedule splits = {{TapeAll(3), TapeAll(2), Split(11, 0, 1), Split(13, 1, 2)}};
  const Schedule one_by_one = {
      {TapeAll(3), TapeAll(2), Split(5, 0, 1), Split(8, 0, 2), Split(11, 0, 3), Split(13, 1, 4)}};
  EXPECT_EQ(Actions(splits), Actions(one_by_one));
  const Schedule sweeps = {{TapeAll(2), SweepLast(5, 0), Split(10, 1, 1)}};
  const Schedule sweep_by_sweep = {{TapeAll(2), SweepLast(3, 0), SweepLast(4, 1), SweepLast(5, 2), Split(10, 3, 3)}};
  EXPECT_EQ(Actions(sweeps), Actions(sweep_by_sweep));
}

TEST(ScheduleWalkTest, SplitTapeReversesTheTapedLinkAfterItsRightPart) {
  EXPECT_THAT(
      Actions({{TapeAll(1), SplitTape(3, 0, 0)}}),
      ElementsAre("forward [0, 1)", "forward [1, 2) tape stored", "forward [2, 3) write_state tape in working set",
                  "reverse [2, 3)", "copy 2", "discard 2", "reverse [1, 2)", "discard 1", "copy 0",
                  "forward [0, 1) tape in working set", "reverse [0, 1)"));
}

TEST(ScheduleWalkTest, SplitTapeMayHaveNoLeftPart) {
  EXPECT_THAT(Actions({{TapeAll(1), SplitTape(2, -1, 0)}}),
              ElementsAre("forward [0, 1) tape stored", "forward [1, 2) write_state tape in working set",
                          "reverse [1, 2)", "copy 1", "discard 1", "reverse [0, 1)"));
}

TEST(ScheduleWalkTest, SplitHostStoresAndReadsItsStateOnTheHost) {
  EXPECT_THAT(Actions({{TapeAll(1), SweepLast(2, 0), SplitHost(3, 0, 1)}}),
              ElementsAre("forward [0, 1)", "forward [1, 2) write_state to host", "forward [2, 3) tape in working set",
                          "reverse [2, 3)", "copy 1 from host", "forward [1, 2) tape in working set", "reverse [1, 2)",
                          "discard 1 from host", "copy 0", "forward [0, 1) tape in working set", "reverse [0, 1)"));
}

TEST(ScheduleWalkTest, FetchPutsTheStartStateOnTheDeviceForAsLongAsItsRun) {
  EXPECT_THAT(Actions({{TapeAll(2), Fetch(2, 0)}}, Level::kHost),
              ElementsAre("forward [0, 1) write_state tape stored", "forward [1, 2) tape in working set",
                          "reverse [0, 2)", "discard 0"));
  EXPECT_THAT(Actions({{TapeAll(1), SweepLast(2, 0), Fetch(2, 1), SweepLast(3, 2)}}, Level::kHost),
              ElementsAre("forward [0, 2)", "forward [2, 3) tape in working set", "reverse [2, 3)", "copy 0 from host",
                          "forward [0, 1) write_state", "forward [1, 2) tape in working set", "reverse [1, 2)",
                          "copy 0", "forward [0, 1) tape in working set", "reverse [0, 1)", "discard 0"));
}

TEST(ScheduleWalkTest, ChainsOfSplitsAndSweepsDoNotOverflow) {
  constexpr int32_t kLength = 100'000;
  Schedule right_deep = {{TapeAll(1)}};
  Schedule left_deep = {{TapeAll(1)}};
  for (int32_t n = 2; n <= kLength; ++n) {
    right_deep.runs.push_back(Split(n, 0, n - 2));
    left_deep.runs.push_back(Split(n, n - 2, 0));
  }
  for (const Schedule& schedule : {right_deep, left_deep}) {
    ASSERT_TRUE(CheckWellFormed(schedule).ok());
    ScheduleWalk walk(schedule);
    int64_t reversed = 0;
    while (std::optional<Action> action = walk.Next()) {
      if (action->kind == Action::Kind::kReverse) reversed += action->end - action->begin;
    }
    EXPECT_EQ(reversed, kLength);
  }
}

// Every kind of run, nested and shared.
Schedule EveryKind() {
  return {{TapeAll(1),
           TapeAll(3),
           SweepLast(4, 1),
           SplitTape(5, 1, 0),
           SplitTape(5, -1, 2),
           Split(10, 3, 4),
           {.kind = Run::Kind::kFetch, .length = 4, .left = 2},
           {.kind = Run::Kind::kSplitHost, .length = 14, .left = 5, .right = 6},
           Split(24, 5, 7),
           Split(40, 2, 8),   // four left parts
           SweepLast(43, 9),  // three sweeps
           Split(129, 10, 10)}};
}

TEST(SeekTest, IsTheSameAsStepping) {
  const Schedule schedule = EveryKind();
  ASSERT_TRUE(CheckWellFormed(schedule).ok()) << CheckWellFormed(schedule);
  const std::vector<std::string> all = Actions(schedule);
  const std::vector<int64_t> counts = ScheduleWalk::CountActions(schedule);
  ASSERT_EQ(counts.back(), static_cast<int64_t>(all.size()));
  ScheduleWalk walk(schedule);
  for (size_t offset = 0; offset <= all.size(); ++offset) {
    walk.Seek(counts, static_cast<int64_t>(offset));
    for (size_t i = offset; i < all.size(); ++i) ASSERT_EQ(ToString(*walk.Next()), all[i]) << "from " << offset;
    ASSERT_FALSE(walk.Next()) << "from " << offset;
  }
  walk.Seek(counts, static_cast<int64_t>(all.size()) + 1);
  EXPECT_FALSE(walk.Next());
}

TEST(SeekTest, PassesOverEqualPartsAtOnce) {
  constexpr int64_t kLinks = 1'000'000'000'000;
  const Schedule schedule = {{TapeAll(1), Split(kLinks, 0, 0), SweepLast(2 * kLinks, 1)}};
  const std::vector<int64_t> counts = ScheduleWalk::CountActions(schedule);
  EXPECT_EQ(counts.back(), 4 * kLinks + 5 * (kLinks - 1) + 2);
  ScheduleWalk walk(schedule);
  walk.Seek(counts, 4 * kLinks + (kLinks - 1) + 2);  // the sweeps, the forwards of the split, its right part
  EXPECT_EQ(ToString(*walk.Next()), "discard 999999999999");
  walk.Seek(counts, counts.back() - 3);
  EXPECT_EQ(ToString(*walk.Next()), "copy 0");
}

TEST(SeekTest, GoesThroughAScheduleThatNobodyCouldStepThrough) {
  Schedule doubled = {{TapeAll(2)}};  // 2^61 links in 61 runs
  for (int32_t i = 0; i < 60; ++i) doubled.runs.push_back(Split(int64_t{4} << i, i, i));
  ASSERT_TRUE(CheckWellFormed(doubled).ok());
  const std::vector<int64_t> counts = ScheduleWalk::CountActions(doubled);
  const int64_t all = (int64_t{3} << 60) + 3 * ((int64_t{1} << 60) - 1);  // 3 per leaf, 3 per split
  EXPECT_EQ(counts.back(), all);
  ScheduleWalk walk(doubled);
  walk.Seek(counts, all - 1);
  EXPECT_EQ(ToString(*walk.Next()), "reverse [0, 2)");
  EXPECT_FALSE(walk.Next());
}

// Expands each kind of run recursively, as schedule.h specifies.
class Expected {
 public:
  explicit Expected(const Schedule& schedule) : runs_(schedule.runs) {
    Expand(static_cast<int32_t>(runs_.size() - 1), 0, false, Level::kDevice);
  }
  const std::vector<Action>& actions() const { return actions_; }

 private:
  using Tape = Action::Tape;

  void Forward(int64_t begin, int64_t end, Tape tape, bool write_state, Level level) {
    actions_.push_back({Action::Kind::kForward, tape, write_state, write_state ? level : Level::kDevice, begin, end});
  }
  void Reverse(int64_t begin, int64_t end) {
    actions_.push_back({.kind = Action::Kind::kReverse, .begin = begin, .end = end});
  }
  void Copy(int64_t state, Level level) {
    actions_.push_back({.kind = Action::Kind::kCopy, .level = level, .begin = state, .end = state});
  }
  void Discard(int64_t state, Level level) {
    actions_.push_back({.kind = Action::Kind::kDiscard, .level = level, .begin = state, .end = state});
  }

  void Expand(int32_t index, int64_t begin, bool write_state, Level level) {
    const Run& run = runs_[index];
    const int64_t middle = begin + (run.left < 0 ? 0 : runs_[run.left].length);
    const int64_t end = begin + run.length;
    const bool host = run.kind == Run::Kind::kSplitHost;
    switch (run.kind) {
      case Run::Kind::kTapeAll:
        if (run.length > 1) Forward(begin, end - 1, Tape::kStored, write_state, level);
        Forward(end - 1, end, Tape::kWork, write_state && run.length == 1, level);
        return Reverse(begin, end);
      case Run::Kind::kSplit:
      case Run::Kind::kSplitHost:
        Forward(begin, middle, Tape::kNone, write_state, level);
        Expand(run.right, middle, true, host ? Level::kHost : Level::kDevice);
        Discard(middle, host ? Level::kHost : Level::kDevice);
        break;
      case Run::Kind::kSweepLast:
        Forward(begin, middle, Tape::kNone, write_state, level);
        Forward(middle, end, Tape::kWork, false, level);
        Reverse(middle, end);
        break;
      case Run::Kind::kSplitTape:
        if (middle > begin) Forward(begin, middle, Tape::kNone, write_state, level);
        Forward(middle, middle + 1, Tape::kStored, write_state && middle == begin, level);
        Expand(run.right, middle + 1, true, Level::kDevice);
        Copy(middle + 1, Level::kDevice);
        Discard(middle + 1, Level::kDevice);
        Reverse(middle, middle + 1);
        if (middle == begin) return;
        Discard(middle, Level::kDevice);
        break;
      case Run::Kind::kFetch:
        Expand(run.left, begin, true, Level::kDevice);
        return Discard(begin, Level::kDevice);
    }
    Copy(begin, level);
    Expand(run.left, begin, false, level);
  }

  const std::vector<Run>& runs_;
  std::vector<Action> actions_;
};

// Runs of every kind and length, composed of random earlier ones until one is a long chain.
Schedule RandomSchedule(uint32_t seed) {
  std::mt19937 random(seed);
  Schedule schedule = {{TapeAll(1), TapeAll(3)}};
  std::vector<Run>& runs = schedule.runs;
  while (schedule.length() < 10'000) {
    // Mostly from the newest, so that lengths grow.
    const auto part = [&] {
      const auto size = static_cast<int32_t>(runs.size());
      return size - 1 - static_cast<int32_t>(random() % std::min(size, 6));
    };
    const int32_t left = part();
    const int32_t right = part();
    const int64_t both = runs[left].length + runs[right].length;
    switch (random() % 8) {
      case 0:
        runs.push_back(TapeAll(1 + random() % 9));
        break;
      case 1:
        runs.push_back(SweepLast(runs[left].length + 1, left));
        break;
      case 2:
        runs.push_back(SplitTape(both + 1, left, right));
        break;
      case 3:
        runs.push_back(SplitTape(runs[right].length + 1, -1, right));
        break;
      case 4:
        runs.push_back(SplitHost(both, left, right));
        break;
      case 5:
        if (runs[left].kind != Run::Kind::kFetch) runs.push_back(Fetch(runs[left].length, left));
        break;
      default:
        runs.push_back(Split(both, left, right));
    }
  }
  return schedule;
}

TEST(ScheduleWalkTest, LongChainsAreWalkedRunByRun) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    const Schedule schedule = RandomSchedule(seed);
    ASSERT_TRUE(CheckWellFormed(schedule).ok());
    ScheduleWalk walk(schedule);
    for (int i = 0; i < static_cast<int>(seed); ++i) walk.Next();
    walk.Rewind();
    std::vector<Action> actions;
    while (std::optional<Action> action = walk.Next()) actions.push_back(*action);
    ASSERT_EQ(actions.size(), Expected(schedule).actions().size());
    EXPECT_TRUE(actions == Expected(schedule).actions()) << "seed " << seed;
  }
}

struct Malformed {
  const char* name;
  Schedule schedule;
  const char* message;
};

class MalformedTest : public ::testing::TestWithParam<Malformed> {};

TEST_P(MalformedTest, IsRefused) {
  const absl::Status status = CheckWellFormed(GetParam().schedule);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
}

Run OfKind(int kind) { return {.kind = static_cast<Run::Kind>(kind), .length = 1}; }

INSTANTIATE_TEST_SUITE_P(
    Schedules, MalformedTest,
    ::testing::Values(Malformed{"Empty", {}, "runs is empty"},
                      Malformed{"NoLinks", {{TapeAll(0)}}, "runs[0] length is 0"},
                      Malformed{"NegativeLength", {{TapeAll(-5)}}, "runs[0] length is -5"},
                      Malformed{"UnknownKind", {{OfKind(6)}}, "kind is 6"},
                      Malformed{"RefersToItself", {{TapeAll(1), Split(2, 0, 1)}}, "runs[1] right is 1"},
                      Malformed{"RefersForward", {{TapeAll(1), Split(2, 2, 0), TapeAll(1)}}, "runs[1] left is 2"},
                      Malformed{"CutOff", {{Split(2, 0, 1)}}, "runs[0] left is 0"},
                      Malformed{"NegativeIndex", {{TapeAll(1), Split(2, -2, 0)}}, "runs[1] left is -2"},
                      Malformed{"SplitWithoutRight", {{TapeAll(1), Split(2, 0, -1)}}, "runs[1] right is -1"},
                      Malformed{"LengthsDoNotAddUp", {{TapeAll(2), Split(5, 0, 0)}}, "length is 5"},
                      Malformed{"SplitWithoutItsLeftPart", {{TapeAll(2), Split(2, 0, 0)}}, "length is 2"},
                      Malformed{"SweepTooShort", {{TapeAll(1), SweepLast(1, 0)}}, "length is 1"},
                      Malformed{
                          "SweepWithRight", {{TapeAll(1), {Run::Kind::kSweepLast, 2, 0, 0}}}, "runs[1] right is 0"},
                      Malformed{"LeafWithPart", {{TapeAll(1), {Run::Kind::kTapeAll, 2, 0, -1}}}, "runs[1] left is 0"},
                      Malformed{"SplitTapeForgetsItsLink", {{TapeAll(1), SplitTape(2, 0, 0)}}, "length is 2"},
                      Malformed{"SplitTapeWithoutRight", {{TapeAll(1), SplitTape(2, 0, -1)}}, "runs[1] right is -1"},
                      Malformed{"FetchWithoutPart", {{Fetch(1, -1)}}, "runs[0] left is -1"},
                      Malformed{"FetchOfAnotherLength", {{TapeAll(1), Fetch(2, 0)}}, "length is 2"},
                      Malformed{"FetchedTwice", {{TapeAll(1), Fetch(1, 0), Fetch(1, 1)}}, "runs[2] fetches a state"},
                      Malformed{"SplitHostWithoutRight", {{TapeAll(1), SplitHost(2, 0, -1)}}, "runs[1] right is -1"},
                      Malformed{"LengthOverflows",
                                {{TapeAll(INT64_MAX), TapeAll(INT64_MAX), Split(INT64_MAX, 0, 1)}},
                                "length is 9223372036854775807"},
                      Malformed{"LengthWrapsAround", {{TapeAll(INT64_MAX), Split(1, 0, 0)}}, "length is 1"}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace recurve
