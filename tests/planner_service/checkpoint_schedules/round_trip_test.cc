// SPDX-License-Identifier: Apache-2.0
//
// Plans exported, read back and verified: the same forwards, and no more memory.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "planner_service/checkpoint_schedules/action_exporter.h"
#include "planner_service/checkpoint_schedules/action_importer.h"
#include "planner_service/planning/planner.h"
#include "planner_service/schedule/replay.h"
#include "planner_service/verification/schedule_verifier.h"

namespace recurve {
namespace {

std::vector<CheckpointAction> Exported(const Schedule& schedule, Level start) {
  std::vector<CheckpointAction> lines;
  ActionExporter exporter(schedule.length(), start);
  ScheduleWalk walk(schedule, start);
  while (std::optional<Action> action = walk.Next()) exporter.Add(*action, lines);
  exporter.Finish(lines);
  return lines;
}

// The problem with a schedule after it has been written and read; empty if there is none.
std::string RoundTrip(const Schedule& schedule, const ReplayCosts& costs, const ReplayResult& replay) {
  ScheduleVerifier verifier({.length = schedule.length(),
                             .state_bytes = costs.state_bytes,
                             .tape_bytes = costs.tape_bytes,
                             .claimed_peak_bytes = replay.peak_bytes,
                             .claimed_forward_count = replay.forward_count});
  ActionImporter importer;
  std::vector<ActionImporter::Imported> imported;
  for (const CheckpointAction& line : Exported(schedule, costs.start)) {
    const absl::StatusOr<CheckpointAction> parsed = ParseCheckpointAction(ToJson(line));
    if (!parsed.ok() || *parsed != line) return ToString(line) + " is read as another";
    if (absl::Status status = importer.Add(line, 0, imported); !status.ok()) {
      return ToString(line) + ": " + std::string(status.message());
    }
  }
  if (!importer.CheckEnded().ok()) return "did not end";
  for (const auto& [action, source] : imported) {
    if (!verifier.Add(action).ok()) return "too large";
  }
  const Verdict verdict = verifier.Finish();
  if (verdict.violation) return verdict.violation->action + ": " + verdict.violation->reason;
  if (!verdict.failed_claims.empty()) return verdict.failed_claims.front();
  if (verdict.forward_count != replay.forward_count) return "fewer forwards";
  return verdict.host_peak_bytes > replay.host_peak_bytes ? "more on the host" : "";
}

TEST(RoundTripTest, EveryStrategy) {
  int compared = 0;
  for (int64_t length = 1; length <= 45; ++length) {
    for (int strategy = 0; strategy < 6; ++strategy) {
      for (const int64_t budget : {1, 2, 4, 9, 30, 300}) {
        PlanRequest request{.length = length, .strategy = static_cast<Strategy>(strategy)};
        if (request.strategy == Strategy::kIsm || request.strategy == Strategy::kMsm) {
          request.budget = SlotBudget{.slots = budget, .alpha = 3};
        } else {
          request.budget = ByteBudget{.state_bytes = 1, .tape_bytes = 2, .budget_bytes = budget};
        }
        const absl::StatusOr<Plan> plan = EmbeddedPlanner().MakePlan(request, {});
        ASSERT_TRUE(plan.ok()) << plan.status();
        if (!plan->feasible) continue;
        const ReplayCosts costs{.state_bytes = 1, .tape_bytes = 2};
        const absl::StatusOr<ReplayResult> replay = Replay(plan->schedule, costs, INT64_MAX);
        ASSERT_TRUE(replay.ok());
        ASSERT_EQ(RoundTrip(plan->schedule, costs, *replay), "") << ToString(request.strategy) << " " << length;
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 1'000);
}

// A run of any kind whose parts are among the earlier ones; mostly well formed.
Run RandomRun(const Schedule& schedule, std::mt19937& random) {
  const auto i = static_cast<uint32_t>(schedule.runs.size());
  Run run{.kind = i == 0 ? Run::Kind::kTapeAll : static_cast<Run::Kind>(random() % 6), .left = -1, .right = -1};
  if (run.kind == Run::Kind::kTapeAll) {
    run.length = 1 + random() % 4;
    return run;
  }
  const auto part = [&] { return static_cast<int32_t>(random() % i); };
  const auto length_of = [&](int32_t p) { return p < 0 ? 0 : schedule.runs[p].length; };
  if (run.kind != Run::Kind::kSplitTape || random() % 3 > 0) run.left = part();
  if (run.kind != Run::Kind::kSweepLast && run.kind != Run::Kind::kFetch) run.right = part();
  run.length = length_of(run.left) + length_of(run.right);
  if (run.kind == Run::Kind::kSplitTape) ++run.length;
  if (run.kind == Run::Kind::kSweepLast) run.length += 1 + random() % 2;
  if (run.kind == Run::Kind::kSplit && random() % 2 == 0) run.length += length_of(run.left);
  return run;
}

// Schedules that no strategy makes, with states on the host.
TEST(RoundTripTest, RandomTreesOfRuns) {
  std::mt19937 random(3);
  int compared = 0;
  for (int round = 0; round < 30'000; ++round) {
    Schedule schedule;
    while (schedule.runs.size() < 7) schedule.runs.push_back(RandomRun(schedule, random));
    if (!CheckWellFormed(schedule).ok() || schedule.length() > 300) continue;
    const Level start = random() % 2 == 0 ? Level::kHost : Level::kDevice;
    const ReplayCosts costs{.state_bytes = 3, .tape_bytes = 5, .start = start};
    const absl::StatusOr<ReplayResult> replay = Replay(schedule, costs, INT64_MAX);
    if (!replay.ok()) continue;  // uses states on the host without fetching them
    ASSERT_EQ(RoundTrip(schedule, costs, *replay), "");
    ++compared;
  }
  EXPECT_GT(compared, 3'000);
}

}  // namespace
}  // namespace recurve
