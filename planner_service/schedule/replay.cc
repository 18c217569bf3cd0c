// SPDX-License-Identifier: Apache-2.0
#include "planner_service/schedule/replay.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "planner_service/schedule/replay_machine.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr int64_t kActionsBetweenPolls = 4096;

}  // namespace

absl::StatusOr<ReplayResult> Replay(const Schedule& schedule, const ReplayCosts& costs, int64_t max_actions,
                                    const std::function<bool()>& cancelled) {
  ReplayMachine machine(schedule.length(), costs);
  ScheduleWalk walk(schedule, costs.start);
  int64_t count = 0;
  while (std::optional<Action> action = walk.Next()) {
    if (++count > max_actions) {
      return absl::ResourceExhaustedError(absl::StrCat("the schedule of ", schedule.length(),
                                                       " links has more than the ", max_actions,
                                                       " actions allowed in a replay; shorten the chain"));
    }
    if (count % kActionsBetweenPolls == 0 && cancelled && cancelled()) {
      return absl::CancelledError("the replay was cancelled");
    }
    RETURN_IF_ERROR(machine.Apply(*action));
  }
  return machine.Finish();
}

}  // namespace recurve
