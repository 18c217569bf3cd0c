// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_VERIFICATION_ANY_ORDER_MACHINE_H_
#define RECURVE_PLANNER_SERVICE_VERIFICATION_ANY_ORDER_MACHINE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "planner_service/schedule/action.h"
#include "planner_service/schedule/replay.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/verification/range_set.h"

namespace recurve {

// Most ranges of stored states and tapes that a machine keeps track of: a few dozen MiB.
inline constexpr int64_t kMaxStoredRanges = 1 << 20;

// The machine of action.h whose stores are no stacks: anything may be stored and dropped in any order, as the schedules
// of other people do. What ReplayMachine (replay_machine.h) accepts, this accepts with the same counts, and more. It
// takes O(log(ranges stored)) an action, several times what ReplayMachine takes, and memory for the ranges of states
// and tapes that are stored. Not thread-safe.
//
//   AnyOrderMachine machine(length, {.state_bytes = s, .tape_bytes = a});
//   for (const Action& action : actions) RETURN_IF_ERROR(machine.Apply(action));
//   absl::Status ended = machine.CheckEnded();
class AnyOrderMachine {
 public:
  // `costs.links` is not looked at.
  AnyOrderMachine(int64_t length, const ReplayCosts& costs);

  // FAILED_PRECONDITION with the reason, without the action, when the machine cannot do it; RESOURCE_EXHAUSTED when
  // more than kMaxStoredRanges would be stored. The machine is then of no further use.
  absl::Status Apply(const Action& action);

  // OK if every link is reversed and the stores are empty; FAILED_PRECONDITION if not.
  absl::Status CheckEnded() const;

  // So far. The paper's count and the costs of unequal links stay 0.
  const ReplayResult& counts() const { return counts_; }

 private:
  absl::Status Forward(const Action& action);
  absl::Status StoreState(const Action& action);
  absl::Status StoreTapes(const Action& action);
  absl::Status Reverse(const Action& action);
  // Reverses links of one range of stored tapes, down to `lowest` at the lowest.
  absl::Status ReverseFromStore(int64_t lowest);
  absl::Status Copy(const Action& action);
  absl::Status Discard(const Action& action);

  bool IsStored(int64_t state, Level level) const;
  bool IsLive(int64_t state) const;
  // The first of states [begin, end) that is not stored on the device; `end` if all are.
  int64_t FirstNotStored(int64_t begin, int64_t end) const;
  absl::Status Recount();

  const ReplayCosts costs_;
  RangeSet written_;        // states on the device, by write_state
  RangeSet with_tapes_;     // states on the device that came with tapes
  RangeSet tapes_;          // links
  RangeSet host_;           // states on the host
  int64_t current_ = 0;     // running state
  int64_t previous_ = -1;   // the one before it; -1: none
  int64_t work_tape_ = -1;  // link whose tape is in the working set; -1: none
  int64_t gradient_;        // the state whose gradient is there
  ReplayResult counts_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_VERIFICATION_ANY_ORDER_MACHINE_H_
