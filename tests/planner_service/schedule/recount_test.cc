// SPDX-License-Identifier: Apache-2.0
//
// Compares the structural recount with the action-by-action replay.
#include "planner_service/schedule/recount.h"

#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace recurve {
namespace {

constexpr ReplayCosts kCosts[] = {{1, 0}, {1, 1}, {1, 3}, {3, 2}, {7, 1}};

void ExpectSameCounts(const Schedule& schedule) {
  ASSERT_TRUE(CheckWellFormed(schedule).ok()) << CheckWellFormed(schedule);
  for (const ReplayCosts& costs : kCosts) {
    const absl::StatusOr<ReplayResult> replay = Replay(schedule, costs, kMaxActionsPerLink * schedule.length());
    ASSERT_TRUE(replay.ok()) << replay.status();
    ASSERT_EQ(Recount(schedule, costs), *replay);
    ASSERT_EQ(replay->taped_count, schedule.length());
  }
}

// A schedule whose root is `run`, with the given schedules as parts; an absent part is empty.
Schedule Join(Run run, const Schedule& left, const Schedule& right) {
  Schedule joined = left;
  if (!left.runs.empty()) run.left = static_cast<int32_t>(left.runs.size() - 1);
  const auto offset = static_cast<int32_t>(left.runs.size());
  for (Run part : right.runs) {
    if (part.left >= 0) part.left += offset;
    if (part.right >= 0) part.right += offset;
    joined.runs.push_back(part);
  }
  if (!right.runs.empty()) run.right = static_cast<int32_t>(joined.runs.size() - 1);
  joined.runs.push_back(run);
  return joined;
}

// Every well-formed schedule of each length.
class AllSchedules {
 public:
  const std::vector<Schedule>& OfLength(int64_t length) {
    auto [entry, is_new] = known_.try_emplace(length);
    if (!is_new) return entry->second;
    std::vector<Schedule> schedules = {{{{.kind = Run::Kind::kTapeAll, .length = length}}}};
    for (int64_t left = 1; left < length; ++left) {
      for (const Schedule& part : OfLength(left)) {
        schedules.push_back(Join({.kind = Run::Kind::kSweepLast, .length = length}, part, {}));
      }
      for (int64_t right = length - left; right > 0; right -= left) {
        AddJoined(Run::Kind::kSplit, length, OfLength(left), OfLength(right), schedules);
      }
      if (left < length - 1) {
        AddJoined(Run::Kind::kSplitTape, length, OfLength(left), OfLength(length - 1 - left), schedules);
      }
    }
    if (length > 1) AddJoined(Run::Kind::kSplitTape, length, {Schedule()}, OfLength(length - 1), schedules);
    return known_[length] = std::move(schedules);
  }

 private:
  static void AddJoined(Run::Kind kind, int64_t length, const std::vector<Schedule>& lefts,
                        const std::vector<Schedule>& rights, std::vector<Schedule>& schedules) {
    for (const Schedule& left : lefts) {
      for (const Schedule& right : rights) schedules.push_back(Join({.kind = kind, .length = length}, left, right));
    }
  }

  std::map<int64_t, std::vector<Schedule>> known_;
};

TEST(RecountTest, EverySmallScheduleCountsAsItsReplayDoes) {
  AllSchedules all;
  int64_t count = 0;
  for (int64_t length = 1; length <= 8; ++length) {
    for (const Schedule& schedule : all.OfLength(length)) {
      ExpectSameCounts(schedule);
      ++count;
    }
  }
  RecordProperty("schedules", static_cast<int>(count));
  EXPECT_GT(count, 100'000);
}

class RandomSchedules {
 public:
  explicit RandomSchedules(int64_t kinds) : kinds_(kinds) {}

  // Runs refer to any earlier ones, so parts are shared and repeated in every way.
  Schedule Next(int64_t most_runs) {
    Schedule schedule;
    do schedule.runs.push_back(NextRun(schedule.runs));
    while (schedule.length() < 3000 && static_cast<int64_t>(schedule.runs.size()) < most_runs);
    return schedule;
  }

 private:
  Run NextRun(const std::vector<Run>& parts) {
    Run run = {.kind = static_cast<Run::Kind>(parts.empty() ? 0 : Below(kinds_)), .length = 1 + Below(9)};
    if (run.kind == Run::Kind::kTapeAll) return run;
    const int64_t repeats = Below(3) == 0 ? 1 + Below(9) : 1;
    run.left = NextPart(parts);
    const int64_t left = parts[run.left].length;
    if (run.kind == Run::Kind::kFetch) {
      run.length = left;
      return parts[run.left].kind == Run::Kind::kFetch ? NextRun(parts) : run;
    }
    run.length = left + repeats;
    if (run.kind == Run::Kind::kSweepLast) return run;
    run.right = NextPart(parts);
    run.length = parts[run.right].length + (run.kind == Run::Kind::kSplitTape ? left + 1 : repeats * left);
    return run;
  }

  int32_t NextPart(const std::vector<Run>& parts) {
    const auto count = static_cast<int64_t>(parts.size());
    return static_cast<int32_t>(Below(2) == 0 ? count - 1 : Below(count));
  }

  int64_t Below(int64_t limit) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(limit)); }

  const int64_t kinds_;
  std::mt19937 random_{1};
};

TEST(RecountTest, RandomSchedulesCountAsTheirReplaysDo) {
  RandomSchedules schedules(4);
  for (int i = 0; i < 4000; ++i) ASSERT_NO_FATAL_FAILURE(ExpectSameCounts(schedules.Next(30))) << i;
}

TEST(RecountTest, RandomSchedulesWithStatesOnTheHost) {
  RandomSchedules schedules(6);
  int64_t can_be_run = 0;
  for (int i = 0; i < 50'000; ++i) {
    const Schedule schedule = schedules.Next(1 + i % 10);
    ASSERT_TRUE(CheckWellFormed(schedule).ok()) << CheckWellFormed(schedule);
    for (Level start : {Level::kDevice, Level::kHost}) {
      const ReplayCosts costs = {.state_bytes = 3, .tape_bytes = 2, .start = start};
      const absl::StatusOr<ReplayResult> replay = Replay(schedule, costs, kMaxActionsPerLink * schedule.length());
      if (!replay.ok()) continue;
      ASSERT_EQ(Recount(schedule, costs), *replay);
      if (replay->host_peak_bytes > 0) ++can_be_run;
    }
  }
  EXPECT_GT(can_be_run, 1000);
}

TEST(RecountTest, ALongChainTakesNoTime) {
  constexpr int64_t kLength = 10'000'000;
  const Schedule sweeps = {{{.length = 1}, {.kind = Run::Kind::kSweepLast, .length = kLength, .left = 0}}};
  EXPECT_EQ(Recount(sweeps, {}), (ReplayResult{.forward_count = kLength * (kLength + 1) / 2,
                                               .taped_count = kLength,
                                               .device = {.reads = kLength - 1},
                                               .peak_paper_bytes = 1}));
  const Schedule splits = {{{.length = 1}, {.kind = Run::Kind::kSplit, .length = kLength, .left = 0, .right = 0}}};
  EXPECT_EQ(Recount(splits, {.state_bytes = 3}), (ReplayResult{.forward_count = 2 * kLength - 1,
                                                               .taped_count = kLength,
                                                               .device = {.writes = kLength - 1, .reads = kLength - 1},
                                                               .peak_bytes = 3 * (kLength - 1),
                                                               .peak_states = kLength - 1,
                                                               .peak_paper_bytes = 3 * kLength}));
}

}  // namespace
}  // namespace recurve
