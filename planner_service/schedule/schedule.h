// SPDX-License-Identifier: Apache-2.0
//
// A schedule in compact form, and the walk that expands it into actions.
//
// Every strategy of the paper, and `auto`, produces *persistent* schedules: a stored state stays stored until the part
// of the chain to its right is reversed. Such a schedule is a tree of *runs*. A run covers `length` links that start
// from a stored state (or from state 0 of the chain). Equal subtrees are shared, and one run can represent any number
// of consecutive equal parts, so a schedule of ten million links takes a few thousand runs.
#ifndef RECURVE_PLANNER_SERVICE_SCHEDULE_SCHEDULE_H_
#define RECURVE_PLANNER_SERVICE_SCHEDULE_SCHEDULE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "planner_service/schedule/action.h"

namespace recurve {

// One run of links. `left` and `right` are indices of other runs in the same schedule. They are smaller than the run's
// own index, so a schedule cannot be cyclic.
struct Run {
  enum class Kind : uint8_t {
    kTapeAll,    // forward all links with tape, reverse them all. Stores length-1 tapes and length-2 inner states
    kSplit,      // forward over `left` links, store the state there, do `right`, discard the state, do `left`. With
                 // k = (length - right) / left > 1, there are k consecutive left parts: forward over all, storing the
                 // state after each, do `right`, then each left part from the last to the first
    kSweepLast,  // forward over all links, taping the last into the working set; reverse it; and so on for each link
                 // that is not in `left`, from the last to the first; do `left`
    kSplitTape,  // forward over `left` links, tape the next one into the store, store the state after it, do `right`,
                 // copy that state back and discard it, reverse the taped link, do `left`. The paper's "store the
                 // internal state". length = left + 1 + right; `left` is -1 if it has no links
    kSplitHost,  // kSplit, with the state stored on the host
    kFetch,      // for a run whose start state is on the host: also store it on the device, do `left`, which has the
                 // same length and is not a kFetch, discard it from the device
  };
  Kind kind = Kind::kTapeAll;
  int64_t length = 1;  // links, >= 1
  int32_t left = -1;   // index of the left part; -1 if the kind has none
  int32_t right = -1;  // index of the right part; -1 if the kind has none

  friend bool operator==(const Run&, const Run&) = default;
};

// An immutable value. The last run is the root.
struct Schedule {
  std::vector<Run> runs;

  int64_t length() const { return runs.empty() ? 0 : runs.back().length; }
  friend bool operator==(const Schedule&, const Schedule&) = default;
};

// A well-formed schedule of N links has fewer than kMaxActionsPerLink * N actions.
inline constexpr int64_t kMaxActionsPerLink = 8;

// OK if there is at least one run and every run is well formed: known kind, exactly the parts of that kind, part
// indices below its own, consistent lengths. Without states on the host, a well-formed schedule is always executable:
// it reads only live states. Otherwise INVALID_ARGUMENT names the run, the field and its value. Must be called on every
// schedule of external origin before it is walked. O(runs).
absl::Status CheckWellFormed(const Schedule& schedule);

// Expands a well-formed schedule into its actions, one at a time, with an explicit stack, so long chains cannot
// overflow the call stack. The left part of a run replaces the run on the stack, so the memory is O(states stored at
// once). The schedule must outlive the walk. `start` says where state 0 is kept. Short runs of long chains, which recur
// often, are expanded once and then copied. Not thread-safe.
//
//   ScheduleWalk walk(schedule);
//   while (std::optional<Action> action = walk.Next()) Run(*action);
class ScheduleWalk {
 public:
  explicit ScheduleWalk(const Schedule& schedule, Level start = Level::kDevice);
  explicit ScheduleWalk(Schedule&&, Level = Level::kDevice) = delete;

  // The next action; nullopt at the end.
  std::optional<Action> Next() {
    std::optional<Action> action(std::in_place);
    if (taken_.begin == taken_.end ? !NextStep(*action) : !NextExpanded(*action)) action.reset();
    return action;
  }

  // Starts over. After a complete walk, further walks do not allocate.
  void Rewind();

  // For each run of a well-formed schedule, the number of actions that it expands to, including those of its parts; the
  // last is that of the whole schedule. O(runs). Saturating.
  static std::vector<int64_t> CountActions(const Schedule& schedule);

  // Moves to action number `action` >= 0, or to the end if there are fewer. Skips entire parts using the counts of
  // CountActions, so the number of steps is proportional to the depth of the tree, not to the number of actions.
  //
  //   walk.Seek(ScheduleWalk::CountActions(schedule), 1'000'000);
  void Seek(const std::vector<int64_t>& counts, int64_t action);

 private:
  struct Frame {
    int32_t run;       // index into runs
    uint8_t phase;     // number of the run's steps that are done
    bool write_state;  // whether the run's first forward stores the start state
    Level level;       // where the start state is, or will be, stored
    int64_t begin;     // first link of the run
    int64_t parts;     // splits: left parts swept but not done; kSweepLast: links done

    bool IsFresh() const { return phase == 0 && parts == 0; }  // the run has not started
  };

  // An action of a short run whose start state is on the device, relative to the run's first link. Compact, so that all
  // of them stay in the processor's inner caches.
  struct ShortAction {
    Action::Kind kind;
    Action::Tape tape;
    bool write_state;
    Level level;
    uint8_t begin;
    uint8_t end;
  };

  // The actions of a run in expanded_. `end` is 0 until it has been expanded.
  struct Expansion {
    uint32_t begin = 0;
    uint32_t end = 0;
  };

  // Each sets `action` to the next one. False if there is none.
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

  // If the run on top of the stack is short and has not started, pops it and makes its actions the next ones.
  bool TakeExpanded();
  Expansion Expand(int32_t run);

  // Each performs the next step of the run on top of the stack: true if that is an action, false if only the stack
  // changed.
  bool Step(Action& action);
  bool StepTapeAll(Frame& frame, const Run& run, Action& action);
  bool StepSplit(Frame& frame, const Run& run, Action& action);
  bool StepSweepLast(Frame& frame, const Run& run, Action& action);
  bool StepSplitTape(Frame& frame, const Run& run, Action& action);
  bool StepFetch(Frame& frame, const Run& run, Action& action);
  // Skips equal parts of a run, except the last, within at most `most` actions; returns the number of actions skipped.
  int64_t PassParts(Frame& frame, const std::vector<int64_t>& counts, int64_t most) const;
  void Push(int32_t part, int64_t begin, bool write_state, Level level);
  void BecomeLeft(Frame& frame, const Run& run);

  const Schedule& schedule_;
  const Level start_;
  std::vector<Frame> stack_;
  std::vector<ShortAction> expanded_;
  std::vector<Expansion> expansions_;  // of the first runs, by index
  Expansion taken_;                    // the remainder of the expansion being copied
  int64_t taken_at_ = 0;               // first link of its run
  bool taken_write_state_ = false;     // whether its next action stores the start state
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SCHEDULE_SCHEDULE_H_
