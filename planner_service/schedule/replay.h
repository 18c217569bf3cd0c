// SPDX-License-Identifier: Apache-2.0
//
// Symbolic replay of a schedule: proves that it is a correct backpropagation and counts its cost by executing its
// actions on the abstract machine of action.h. It uses no value computed by a solver.
#ifndef RECURVE_PLANNER_SERVICE_SCHEDULE_REPLAY_H_
#define RECURVE_PLANNER_SERVICE_SCHEDULE_REPLAY_H_

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "planner_service/schedule/link_sums.h"
#include "planner_service/schedule/schedule.h"

namespace recurve {

struct ReplayCosts {
  int64_t state_bytes = 1;
  int64_t tape_bytes = 0;
  // For a chain whose links differ, replaces the two above. Must have as many links and outlive the replay. The count
  // in the paper's units is then 0.
  const LinkSums* links = nullptr;
  Level start = Level::kDevice;  // where state 0 is kept
};

struct ReplayResult {
  // States written to a store by write_state, and copied from it.
  struct Transfers {
    int64_t writes = 0;
    int64_t reads = 0;
    friend bool operator==(const Transfers&, const Transfers&) = default;
  };

  int64_t forward_count = 0;  // link forwards executed, taped ones included
  int64_t taped_count = 0;    // link forwards with tape; equals the number of links
  int64_t forward_cost = 0;   // of the forwards without tape; 0 for uniform links
  Transfers device, host;
  int64_t host_peak_bytes = 0;  // most bytes of states on the host at any moment
  // The rest concerns the store on the device.
  int64_t peak_bytes = 0;          // most bytes of stored states and tapes at any moment, without the working set
  int64_t tape_bytes_at_peak = 0;  // bytes of tapes within peak_bytes, when the peak is first reached
  int64_t peak_states = 0;         // most states stored at once
  int64_t peak_tapes = 0;          // most tapes stored at once
  // The peak as the paper counts it: one unit for each state written by write_state, alpha = (a + s) / s units for each
  // internal state, one unit for the start state. A unit is s bytes; the count is scaled by s to remain an integer.
  int64_t peak_paper_bytes = 0;

  friend bool operator==(const ReplayResult&, const ReplayResult&) = default;
};

// Replays `schedule`, which must be well formed. O(actions) time, where an action on a range of links counts once;
// memory is proportional to the objects stored at once. FAILED_PRECONDITION with the action and the reason when an
// action reads a state that is not live, stores a state twice or reverses out of order, or when the schedule ends
// before link 0 is reversed or leaves anything stored. Stops with RESOURCE_EXHAUSTED after `max_actions` actions, and
// with CANCELLED when `cancelled`, polled periodically, returns true.
absl::StatusOr<ReplayResult> Replay(const Schedule& schedule, const ReplayCosts& costs, int64_t max_actions,
                                    const std::function<bool()>& cancelled = {});

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SCHEDULE_REPLAY_H_
