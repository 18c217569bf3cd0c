// SPDX-License-Identifier: Apache-2.0
//
// Symbolic replay of a schedule: proves that it is a correct backpropagation and counts what it costs, by executing its
// actions on an abstract machine (action.h) and by nothing that a solver computed.
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
  // Of a chain whose links differ, in place of the two above; refers to sums of as many links, which must outlive the
  // replay. What is counted in the paper's units is then 0.
  const LinkSums* links = nullptr;
  Level start = Level::kDevice;  // where state 0 is kept
};

struct ReplayResult {
  // States written to a store by write_state, and copied from there.
  struct Transfers {
    int64_t writes = 0;
    int64_t reads = 0;
    friend bool operator==(const Transfers&, const Transfers&) = default;
  };

  int64_t forward_count = 0;  // link forwards executed, taped ones included
  int64_t taped_count = 0;    // link forwards with tape; equals the number of links
  int64_t forward_cost = 0;   // of the forwards without tape; 0 where the links do not differ
  Transfers device, host;
  int64_t host_peak_bytes = 0;  // most bytes of states on the host at any moment
  // Below: of the store on the device.
  int64_t peak_bytes = 0;  // most bytes of stored states and stored tapes at any moment; the working set is not in it
  int64_t tape_bytes_at_peak = 0;  // those of tapes in peak_bytes, at the first moment when it is reached
  int64_t peak_states = 0;         // most states stored at once
  int64_t peak_tapes = 0;          // most tapes stored at once
  // The paper's own count at its peak: one unit for each state kept by write_state, alpha = (a + s) / s units for each
  // internal state, one for the start state; in units of s bytes, scaled by s so that it stays whole.
  int64_t peak_paper_bytes = 0;

  friend bool operator==(const ReplayResult&, const ReplayResult&) = default;
};

// Replays `schedule`, which must be well formed: O(actions) time, of which a range of links is one, and memory for what
// is stored at once. FAILED_PRECONDITION with the action and the reason when an action reads what is not live, stores a
// state twice, reverses out of order, or the schedule ends before link 0 is reversed or leaves anything stored. Stops
// with RESOURCE_EXHAUSTED after `max_actions` actions, and with CANCELLED when `cancelled`, polled now and then, says
// so.
absl::StatusOr<ReplayResult> Replay(const Schedule& schedule, const ReplayCosts& costs, int64_t max_actions,
                                    const std::function<bool()>& cancelled = {});

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SCHEDULE_REPLAY_H_
