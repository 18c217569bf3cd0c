// SPDX-License-Identifier: Apache-2.0
//
// The vocabulary of checkpoint schedules.
//
// A *chain* has N links. Link j reads state j and produces state j+1; its backward turns the gradient of state j+1 into
// the gradient of state j and needs states j and j+1 and the tape of link j. A schedule is a sequence of actions; the
// names follow checkpoint_schedules, revolve (Griewank and Walther, Algorithm 799) and H-Revolve.
//
// The machine that runs a schedule has
//   * a *store*, the planned memory: states written by `write_state`, and the tapes and inner states of links taped
//     into it (`Tape::kStored`). The caller keeps state 0 for as long as the schedule runs; it does not count against
//     the store;
//   * optionally a *host store*, a second memory, larger and slower: states only, no tapes. Such a state must be copied
//     into the working set or the store before links can be run from it or reversed;
//   * a *working set*, always reserved and never part of the planned memory: two running states (the last state
//     produced and the one before it), one tape, one state gradient.
//
// A schedule starts with state 0 current and the gradient of state N given; it ends when link 0 is reversed and the
// stores are empty. Each store is a stack: an object is stored to the right of everything already there, and is freed
// before it.
#ifndef RECURVE_PLANNER_SERVICE_SCHEDULE_ACTION_H_
#define RECURVE_PLANNER_SERVICE_SCHEDULE_ACTION_H_

#include <cstdint>
#include <string>

namespace recurve {

// Where a state is stored.
enum class Level : uint8_t {
  kDevice,  // in the store, beside the working set
  kHost,    // in the host store
};

struct Action {
  enum class Kind : uint8_t {
    kForward,  // run links [begin, end) in order; `begin` must be the current state
    kReverse,  // run the backward of links [begin, end) from the last to the first; frees each tape once used and,
               // after a stored tape, the state after its link if that was stored with a tape. Does not change the
               // running states
    kCopy,     // make state `begin`, stored at `level` (or state 0), the current state; it stays stored. The state
               // before it is no longer running. `end` = `begin`
    kDiscard,  // drop state `begin` from the store of `level`, however it was stored. `end` = `begin`
  };

  // Where a forward saves the tapes of its links.
  enum class Tape : uint8_t {
    kNone,    // not saved
    kStored,  // in the store: for each link j, its tape, and state j unless it is already stored
    kWork,    // in the working set; the forward is of one link and the reverse of that link comes next
  };

  Kind kind = Kind::kForward;
  Tape tape = Tape::kNone;       // kForward only
  bool write_state = false;      // kForward only: first copy the current state, `begin`, into the store of `level`
  Level level = Level::kDevice;  // kCopy, kDiscard, and kForward with write_state
  int64_t begin = 0;             // links and states count from 0
  int64_t end = 0;               // exclusive

  friend bool operator==(const Action&, const Action&) = default;
};

// "forward [3, 7) write_state", "reverse [6, 7)", "copy 3 from host", ... For messages and tests.
std::string ToString(const Action& action);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SCHEDULE_ACTION_H_
