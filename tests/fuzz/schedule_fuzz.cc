// SPDX-License-Identifier: Apache-2.0
//
// The validator: whatever runs there are, CheckWellFormed and Replay answer; what is well formed either replays or is
// refused with a reason; and the machine that knows no stack agrees with the one that does. Each run of the input is
// four bytes: its kind, how its length differs from what adds up, and its two parts.
#include <algorithm>

#include "planner_service/schedule/replay.h"
#include "planner_service/schedule/schedule.h"
#include "planner_service/verification/schedule_verifier.h"
#include "tests/fuzz/fuzz_target.h"

namespace recurve {
namespace {

constexpr int64_t kExtremes[] = {INT64_MIN, -1, 0, 10'000'000, INT64_MAX - 1, INT64_MAX};
constexpr int64_t kMostActions = 20'000;
constexpr ReplayCosts kCosts{.state_bytes = 3, .tape_bytes = 5};

// Mostly adds up, so that the deeper checks are reached.
Run RunOf(const Schedule& schedule, const uint8_t* bytes) {
  const auto runs = static_cast<int32_t>(schedule.runs.size());
  const auto part = [&](uint8_t byte) {
    if (byte >= 250) return static_cast<int32_t>(byte) - 252;  // -2 to 3
    return runs == 0 ? -1 : byte % runs;
  };
  const auto length_of = [&](int32_t index) {
    return index < 0 || index >= runs ? uint64_t{0} : static_cast<uint64_t>(schedule.runs[index].length);
  };
  Run run{.kind = static_cast<Run::Kind>(bytes[0] % 7), .left = part(bytes[2]), .right = part(bytes[3])};
  if (run.kind == Run::Kind::kTapeAll) run.left = -1;
  if (run.kind != Run::Kind::kSplit && run.kind != Run::Kind::kSplitHost && run.kind != Run::Kind::kSplitTape) {
    run.right = -1;
  }
  uint64_t length = length_of(run.left) + length_of(run.right);  // wraps where lengths are extreme
  if (run.kind == Run::Kind::kTapeAll) length = 1 + bytes[2] % 9;
  if (run.kind == Run::Kind::kSplitTape || run.kind == Run::Kind::kSweepLast) ++length;
  if (bytes[1] >= 250) length = static_cast<uint64_t>(kExtremes[bytes[1] - 250]);
  if (bytes[1] >= 200 && bytes[1] < 250) length += length_of(run.left) * (bytes[1] - 200);
  run.length = static_cast<int64_t>(length);
  return run;
}

void Validate(const Schedule& schedule) {
  const absl::Status formed = CheckWellFormed(schedule);
  FuzzCheck(formed.ok() || (absl::IsInvalidArgument(formed) && !formed.message().empty()), "refusals have reasons");
  if (!formed.ok() || schedule.length() > 10'000'000) return;
  const std::vector<int64_t> counts = ScheduleWalk::CountActions(schedule);
  FuzzCheck(counts.back() < 8 * schedule.length(), "a schedule has fewer than 8 actions a link");
  const absl::StatusOr<ReplayResult> replay = Replay(schedule, kCosts, kMostActions);
  if (absl::IsResourceExhausted(replay.status())) return;
  FuzzCheck(replay.ok() || !replay.status().message().empty(), "refusals have reasons");
  fuzz_accepted += replay.ok() ? 1 : 0;

  ScheduleVerifier verifier({.length = schedule.length(), .state_bytes = 3, .tape_bytes = 5});
  int64_t actions = 0;
  ScheduleWalk walk(schedule);
  for (std::optional<Action> action = walk.Next(); action; action = walk.Next(), ++actions) {
    const absl::Status added = verifier.Add(*action);
    if (absl::IsResourceExhausted(added)) return;  // it stores more at a time than the verifier takes
    FuzzCheck(added.ok(), "only a lack of memory ends a verification");
  }
  FuzzCheck(actions == counts.back(), "actions are counted as they come");
  const Verdict verdict = verifier.Finish();
  if (!replay.ok()) return;
  FuzzCheck(verdict.valid() && verdict.peak_bytes == replay->peak_bytes &&
                verdict.forward_count == replay->forward_count && verdict.host_peak_bytes == replay->host_peak_bytes,
            "both machines agree");
  walk.Seek(counts, actions / 2);
  int64_t rest = 0;
  while (walk.Next()) ++rest;
  FuzzCheck(rest == actions - actions / 2, "a walk goes on from where it is put");
}

}  // namespace
}  // namespace recurve

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kMostRuns = 64;
  recurve::Schedule schedule;
  for (size_t run = 0; run < std::min(size / 4, kMostRuns); ++run) {
    schedule.runs.push_back(recurve::RunOf(schedule, data + 4 * run));
  }
  recurve::Validate(schedule);
  return 0;
}
