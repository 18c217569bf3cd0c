// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_VERIFICATION_ANY_ORDER_MACHINE_H_
#define RECURVE_PLANNER_SERVICE_VERIFICATION_ANY_ORDER_MACHINE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "planner_service/schedule/action.h"
#include "planner_service/schedule/replay.h"
#include "planner_service/verification/range_set.h"

namespace recurve {

// Maximum number of ranges of stored states and tapes that a machine tracks: a few dozen MiB.
inline constexpr int64_t kMaxStoredRanges = 1 << 20;

// The machine of action.h without the restriction to stacks: objects may be stored and dropped in any order, as in
// schedules from other sources. It accepts all that ReplayMachine (replay_machine.h) accepts, with the same counts. It
// takes O(log(ranges stored)) per action, several times as long as ReplayMachine, and memory proportional to the ranges
// of states and tapes stored. Not thread-safe.
//
//   AnyOrderMachine machine(length, {.state_bytes = s, .tape_bytes = a});
//   for (const Action& action : actions) RETURN_IF_ERROR(machine.Apply(action));
//   absl::Status ended = machine.CheckEnded();
class AnyOrderMachine {
 public:
  // `costs.links` is ignored.
  AnyOrderMachine(int64_t length, const ReplayCosts& costs);

  // FAILED_PRECONDITION with the reason, but without the action, when the action is illegal; RESOURCE_EXHAUSTED when it
  // stores more than kMaxStoredRanges ranges. The machine must not be used after either.
  absl::Status Apply(const Action& action);

  // FAILED_PRECONDITION unless every link is reversed and the stores are empty.
  absl::Status CheckEnded() const;

  // The counts so far. The count in the paper's units and the costs of differing links stay 0.
  const ReplayResult& counts() const { return counts_; }

 private:
  absl::Status Forward(const Action& action);
  absl::Status StoreState(const Action& action);
  absl::Status StoreTapes(const Action& action);
  absl::Status Reverse(const Action& action);
  // Reverses links of one range of stored tapes, no further than `lowest`.
  absl::Status ReverseFromStore(int64_t lowest);
  absl::Status Copy(const Action& action);
  absl::Status Discard(const Action& action);

  bool IsStored(int64_t state, Level level) const;
  bool IsLive(int64_t state) const;
  // The first of states [begin, end) that is not stored on the device, or `end`.
  int64_t FirstNotStored(int64_t begin, int64_t end) const;
  absl::Status Recount();

  const ReplayCosts costs_;
  RangeSet written_;        // states on the device, by write_state
  RangeSet with_tapes_;     // states on the device, stored with tapes
  RangeSet tapes_;          // links
  RangeSet host_;           // states on the host
  int64_t current_ = 0;     // running state
  int64_t previous_ = -1;   // the one before it; -1: none
  int64_t work_tape_ = -1;  // link whose tape is in the working set; -1: none
  int64_t gradient_;        // the state whose gradient is available
  ReplayResult counts_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_VERIFICATION_ANY_ORDER_MACHINE_H_
