// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SCHEDULE_REPLAY_MACHINE_H_
#define RECURVE_PLANNER_SERVICE_SCHEDULE_REPLAY_MACHINE_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "planner_service/schedule/action.h"
#include "planner_service/schedule/replay.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

// The abstract machine of action.h for a chain of `length` links: applies one action at a time, rejects illegal ones,
// and counts. It does not depend on runs or strategies and accepts any stream of actions. An action costs at most
// O(log(objects stored)), however many links it covers; memory is O(objects stored), where the links taped by one
// forward are one object. Not thread-safe.
//
//   ReplayMachine machine(length, {.state_bytes = s, .tape_bytes = a});
//   for (const Action& action : actions) RETURN_IF_ERROR(machine.Apply(action));
//   absl::StatusOr<ReplayResult> result = machine.Finish();
class ReplayMachine {
 public:
  ReplayMachine(int64_t length, const ReplayCosts& costs);

  // FAILED_PRECONDITION with the action and the reason when the action is illegal; the machine must not be used after
  // that.
  absl::Status Apply(const Action& action);

  // Current contents of the store on the device.
  int64_t stored_states() const { return states_; }
  int64_t stored_tapes() const { return tapes_; }

  // The counts; FAILED_PRECONDITION unless every link is reversed and the stores are empty.
  absl::StatusOr<ReplayResult> Finish() const;

 private:
  using Wide = __int128;  // bytes per link times links may overflow int64

  // One object in the store: a state, or the tapes of links [begin, end) with the states between them.
  struct Stored {
    enum class Kind : uint8_t {
      kState,       // state `begin`, by write_state
      kTapedState,  // state `begin`, stored with tapes that have been freed
      kTapes,       // tapes [begin, end), states [begin + 1, end)
    };
    Kind kind = Kind::kState;
    bool has_first_state = false;  // kTapes: state `begin` was stored with the tapes
    bool has_last_state = false;   // kTapes: state `end` is still stored, since the tapes after it have been freed
    int64_t begin = 0;
    int64_t end = 0;
  };

  absl::Status Forward(const Action& action);
  absl::Status Reverse(const Action& action);
  absl::Status Copy(const Action& action);
  absl::Status Discard(const Action& action);

  absl::Status StoreState(const Action& action);
  absl::Status StoreStateOnHost(const Action& action);
  absl::Status StoreTapes(const Action& action);
  absl::Status ReverseFromWorkTape(const Action& action);
  // Reverses links of the topmost stored tapes, no further than `action.begin`.
  absl::Status ReverseFromStore(const Action& action);

  bool IsStored(int64_t state) const;  // on the device
  bool IsStoredOnHost(int64_t state) const;
  bool IsRunning(int64_t state) const;
  bool IsLive(int64_t state) const { return IsRunning(state) || IsStored(state); }
  int64_t Rightmost() const;  // position of the last object stored
  Wide StateBytes(int64_t begin, int64_t end) const;
  Wide TapeBytes(int64_t begin, int64_t end) const;
  void Recount();

  const ReplayCosts costs_;
  std::vector<Stored> store_;  // a stack; positions never decrease
  std::vector<int64_t> host_;  // states, a stack; positions increase
  Wide state_bytes_ = 0;       // in store_
  Wide tape_bytes_ = 0;        // in store_
  Wide host_bytes_ = 0;        // in host_
  int64_t current_ = 0;        // running state
  int64_t previous_ = -1;
  int64_t work_tape_ = -1;    // link whose tape is in the working set; -1: none
  int64_t gradient_;          // the state whose gradient is available
  int64_t states_ = 0;        // currently stored
  int64_t paper_states_ = 0;  // subset of states_: written by write_state, and not after a link with a stored tape
  int64_t tapes_ = 0;
  ReplayResult result_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SCHEDULE_REPLAY_MACHINE_H_
