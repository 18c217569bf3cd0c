// SPDX-License-Identifier: Apache-2.0
//
// A schedule in compact form, and the walk that expands it into actions.
//
// Every strategy of the paper, and `auto`, makes *persistent* schedules: a stored state stays until the part of the
// chain to its right is reversed. Such a schedule is a tree of *runs*. A run covers `length` links that start from a
// stored state (or from state 0 of the chain). Equal subtrees are shared, and one run can stand for any number of equal
// parts in a row, so a schedule of ten million links is a few thousand runs.
#ifndef RECURVE_PLANNER_SERVICE_SCHEDULE_SCHEDULE_H_
#define RECURVE_PLANNER_SERVICE_SCHEDULE_SCHEDULE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "planner_service/schedule/action.h"

namespace recurve {

// One run of links. `left` and `right` are indices of other runs in the same schedule and are smaller than the run's
// own index, so a schedule cannot be cyclic.
struct Run {
  enum class Kind : uint8_t {
    kTapeAll,    // forward all links with tape, reverse them all. Stores length-1 tapes and length-2 inner states
    kSplit,      // forward over `left` links, store the state there, do `right`, discard the state, do `left`. With
                 // k = (length - right) / left above 1, k left parts one behind the other: forward over all, storing
                 // the state behind each, do `right`, then each left part, the last first. right = length - k * left
    kSweepLast,  // forward over all links, taping the last into the working set; reverse it; and so on for each link
                 // that is not in `left`, from the last to the first; do `left`
    kSplitTape,  // forward over `left` links, tape the next one into the store, store the state after it, do `right`,
                 // copy that state back and discard it, reverse the taped link, do `left`. The paper's "store the
                 // internal state". length = left + 1 + right; `left` may be absent (-1), when it has no links
    kSplitHost,  // kSplit, with the state stored on the host
    kFetch,      // of a run whose start state is on the host: store it on the device too, do `left`, which has the same
                 // length and is no kFetch, discard it from the device
  };
  Kind kind = Kind::kTapeAll;
  int64_t length = 1;  // links, >= 1
  int32_t left = -1;   // index of the left part; -1 where the kind has none
  int32_t right = -1;  // index of the right part; -1 where the kind has none

  friend bool operator==(const Run&, const Run&) = default;
};

// An immutable value. The last run is the root.
struct Schedule {
  std::vector<Run> runs;

  int64_t length() const { return runs.empty() ? 0 : runs.back().length; }
  friend bool operator==(const Schedule&, const Schedule&) = default;
};

// OK if every run is well formed: known kind, parts exactly where the kind has them, indices below its own, lengths
// that add up, at least one run. Without states on the host, a
// well-formed schedule can always be run: it reads nothing that is not live.
// INVALID_ARGUMENT names the run, the field and its value otherwise. To be asked of every schedule that comes from
// outside before it is walked. O(runs). A well-formed schedule of N links has fewer than 8 N actions.
absl::Status CheckWellFormed(const Schedule& schedule);

// Expands a well-formed schedule into its actions, one at a time, with an explicit stack: a chain of any length never
// overflows. The left part of a run replaces the run on the stack, so the memory is O(states stored at once). The walk
// refers to the schedule, which must outlive it. `start` says where state 0 is kept. Short runs of long chains, which
// come again and again, are expanded once and then copied. Not thread-safe.
//
//   ScheduleWalk walk(schedule);
//   while (std::optional<Action> action = walk.Next()) Run(*action);
class ScheduleWalk {
 public:
  explicit ScheduleWalk(const Schedule& schedule, Level start = Level::kDevice);
  explicit ScheduleWalk(Schedule&&, Level = Level::kDevice) = delete;

  // The next action, or nothing when the schedule has ended.
  std::optional<Action> Next() {
    std::optional<Action> action(std::in_place);
    if (taken_.begin == taken_.end ? !NextStep(*action) : !NextExpanded(*action)) action.reset();
    return action;
  }

  // Starts over. A walk that has been walked once allocates no more.
  void Rewind();

  // For each run of a well-formed schedule the actions that it expands to, those of its parts included; the last is of
  // the whole schedule. O(runs). Numbers beyond the largest integer stay there.
  static std::vector<int64_t> CountActions(const Schedule& schedule);

  // Goes to where `action` actions, 0 or more, are done; to the end if there are not so many. Parts that lie before it
  // are passed over whole, with the counts of CountActions: as many steps as the depth of the tree, not the actions.
  //
  //   walk.Seek(ScheduleWalk::CountActions(schedule), 1'000'000);
  void Seek(const std::vector<int64_t>& counts, int64_t action);

 private:
  struct Frame {
    int32_t run;       // index into runs
    uint8_t phase;     // how many of the run's steps are done
    bool write_state;  // the run's first forward is to store the start state
    Level level;       // where the start state is stored, or is to be
    int64_t begin;     // first link of the run
    int64_t parts;     // left parts (of a split) that are swept and not done, links (kSweepLast) that are done

    bool IsFresh() const { return phase == 0 && parts == 0; }  // nothing of the run is done
  };

  // An action of a short run whose start state is on the device, as if it began at link 0. Small, so that all of them
  // stay in a processor's first caches.
  struct ShortAction {
    Action::Kind kind;
    Action::Tape tape;
    bool write_state;
    Level level;
    uint8_t begin;
    uint8_t end;
  };

  // The actions of a run in expanded_. `end` is 0 before it has been expanded.
  struct Expansion {
    uint32_t begin = 0;
    uint32_t end = 0;
  };

  // Each makes `action` the next one. False when there is none.
  bool NextStep(Action& action);
  bool NextExpanded(Action& action) {
    const ShortAction& taken = expanded_[taken_.begin++];
    action.kind = taken.kind;
    action.tape = taken.tape;
    action.write_state = taken.write_state || taken_write_state_;  // the first action of any run is a forward
    action.level = taken.level;
    action.begin = taken_at_ + taken.begin;
    action.end = taken_at_ + taken.end;
    taken_write_state_ = false;
    return true;
  }

  // Takes the run on top of the stack off it, if it is a short one that begins, and makes its actions the next ones.
  bool TakeExpanded();
  Expansion Expand(int32_t run);

  // Each does the step that comes next for the run on top of the stack: true if that is an action, false if only the
  // stack has changed.
  bool Step(Action& action);
  bool StepTapeAll(Frame& frame, const Run& run, Action& action);
  bool StepSplit(Frame& frame, const Run& run, Action& action);
  bool StepSweepLast(Frame& frame, const Run& run, Action& action);
  bool StepSplitTape(Frame& frame, const Run& run, Action& action);
  bool StepFetch(Frame& frame, const Run& run, Action& action);
  // Passes over equal parts of a run, but not the last one, in at most `most` actions; returns how many those were.
  int64_t PassParts(Frame& frame, const std::vector<int64_t>& counts, int64_t most) const;
  void Push(int32_t part, int64_t begin, bool write_state, Level level);
  void BecomeLeft(Frame& frame, const Run& run);

  const Schedule& schedule_;
  const Level start_;
  std::vector<Frame> stack_;
  std::vector<ShortAction> expanded_;
  std::vector<Expansion> expansions_;  // of the first runs, by index
  Expansion taken_;                    // what is left of the expansion that is being copied
  int64_t taken_at_ = 0;               // first link of its run
  bool taken_write_state_ = false;     // its next action is to store the start state
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SCHEDULE_SCHEDULE_H_
