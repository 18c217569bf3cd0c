// SPDX-License-Identifier: Apache-2.0
#include "planner_service/schedule/schedule.h"

#include <algorithm>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

using Tape = Action::Tape;

// A walk of at least kLongChain links expands each short run once, as long as all their actions fit in the processor's
// cache. For shorter chains that does not pay off.
constexpr int64_t kLongChain = 4096;
constexpr int64_t kShortRun = 128;
constexpr size_t kExpandedRuns = 4096;
constexpr size_t kExpandedActions = 16384;

absl::Status RunError(size_t index, std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("schedule.runs[", index, "] ", absl::string_view(what.data(), what.size())));
}

// The part must be an earlier run. Sets `length` to its length.
absl::Status CheckPart(const Schedule& schedule, size_t index, const char* name, int32_t part, int64_t* length) {
  if (part < 0 || static_cast<size_t>(part) >= index) {
    return RunError(index,
                    absl::StrCat(name, " is ", part, "; must be the index of an earlier run, 0 to ", index, " - 1"));
  }
  *length = schedule.runs[part].length;
  return absl::OkStatus();
}

absl::Status CheckAbsent(size_t index, const char* name, int32_t part) {
  if (part == -1) return absl::OkStatus();
  return RunError(index, absl::StrCat(name, " is ", part, "; must be -1 for a run of this kind"));
}

// Lengths are positive and below 2^63, so their differences do not overflow. `adds_up`: whether they are consistent.
absl::Status CheckLengths(size_t index, int64_t length, int64_t left, int64_t right, bool adds_up) {
  if (adds_up) return absl::OkStatus();
  return RunError(index, absl::StrCat("length is ", length, ", which does not match its parts of ", left, " and ",
                                      right, " links"));
}

absl::Status CheckRun(const Schedule& schedule, size_t index) {
  const Run& run = schedule.runs[index];
  if (run.length < 1) return RunError(index, absl::StrCat("length is ", run.length, "; must be at least 1"));
  int64_t left = 0;
  int64_t right = 0;
  switch (run.kind) {
    case Run::Kind::kTapeAll:
      RETURN_IF_ERROR(CheckAbsent(index, "left", run.left));
      return CheckAbsent(index, "right", run.right);
    case Run::Kind::kSplit:
    case Run::Kind::kSplitHost:
      RETURN_IF_ERROR(CheckPart(schedule, index, "left", run.left, &left));
      RETURN_IF_ERROR(CheckPart(schedule, index, "right", run.right, &right));
      return CheckLengths(index, run.length, left, right, run.length > right && (run.length - right) % left == 0);
    case Run::Kind::kSweepLast:
      RETURN_IF_ERROR(CheckPart(schedule, index, "left", run.left, &left));
      RETURN_IF_ERROR(CheckAbsent(index, "right", run.right));
      return CheckLengths(index, run.length, left, 0, run.length > left);
    case Run::Kind::kSplitTape:
      if (run.left != -1) {
        RETURN_IF_ERROR(CheckPart(schedule, index, "left", run.left, &left));
      }
      RETURN_IF_ERROR(CheckPart(schedule, index, "right", run.right, &right));
      return CheckLengths(index, run.length, left, right, run.length - 1 - left == right);
    case Run::Kind::kFetch:
      RETURN_IF_ERROR(CheckPart(schedule, index, "left", run.left, &left));
      RETURN_IF_ERROR(CheckAbsent(index, "right", run.right));
      if (schedule.runs[run.left].kind == Run::Kind::kFetch) return RunError(index, "fetches a state twice");
      return CheckLengths(index, run.length, left, 0, run.length == left);
  }
  return RunError(index, absl::StrCat("kind is ", static_cast<int>(run.kind), "; must be 0 to 5"));
}

int64_t LeftParts(const Schedule& schedule, const Run& split) {
  return (split.length - schedule.runs[split.right].length) / schedule.runs[split.left].length;
}

// These set every field of `action` in place: assigning whole actions, with their small fields, doubles the time of a
// walk.
bool Set(Action& action, Action::Kind kind, int64_t begin, int64_t end, Level level) {
  action.kind = kind;
  action.tape = Tape::kNone;
  action.write_state = false;
  action.level = level;
  action.begin = begin;
  action.end = end;
  return true;
}

// `level` is only meaningful if a state is written.
bool SetForward(Action& action, int64_t begin, int64_t end, Tape tape, bool write_state, Level level) {
  Set(action, Action::Kind::kForward, begin, end, write_state ? level : Level::kDevice);
  action.tape = tape;
  action.write_state = write_state;
  return true;
}

bool SetReverse(Action& action, int64_t begin, int64_t end) {
  return Set(action, Action::Kind::kReverse, begin, end, Level::kDevice);
}

bool SetCopy(Action& action, int64_t state, Level level) {
  return Set(action, Action::Kind::kCopy, state, state, level);
}

bool SetDiscard(Action& action, int64_t state, Level level) {
  return Set(action, Action::Kind::kDiscard, state, state, level);
}

}  // namespace

absl::Status CheckWellFormed(const Schedule& schedule) {
  if (schedule.runs.empty()) return absl::InvalidArgumentError("schedule.runs is empty, must have at least one run");
  if (schedule.runs.size() > static_cast<size_t>(INT32_MAX)) {
    return absl::InvalidArgumentError(
        absl::StrCat("schedule.runs has ", schedule.runs.size(), " runs, must have at most ", INT32_MAX));
  }
  for (size_t index = 0; index < schedule.runs.size(); ++index) {
    RETURN_IF_ERROR(CheckRun(schedule, index));
  }
  return absl::OkStatus();
}

ScheduleWalk::ScheduleWalk(const Schedule& schedule, Level start)
    : schedule_(schedule),
      start_(start),
      expansions_(schedule.length() < kLongChain ? 0 : std::min(schedule.runs.size(), kExpandedRuns)) {
  Rewind();
}

void ScheduleWalk::Rewind() {
  stack_.clear();
  taken_ = {};
  if (schedule_.runs.empty()) return;
  Push(static_cast<int32_t>(schedule_.runs.size() - 1), 0, false, start_);
}

std::vector<int64_t> ScheduleWalk::CountActions(const Schedule& schedule) {
  std::vector<int64_t> counts;
  counts.reserve(schedule.runs.size());
  for (const Run& run : schedule.runs) {
    const __int128 left = run.left < 0 ? 0 : counts[run.left];
    const __int128 right = run.right < 0 ? 0 : counts[run.right];
    __int128 count = 0;
    switch (run.kind) {
      case Run::Kind::kTapeAll:
        count = run.length == 1 ? 2 : 3;
        break;
      case Run::Kind::kSplit:
      case Run::Kind::kSplitHost:
        count = LeftParts(schedule, run) * (3 + left) + right;
        break;
      case Run::Kind::kSweepLast:
        count = 4 * __int128{run.length - schedule.runs[run.left].length} + left;
        break;
      case Run::Kind::kSplitTape:
        count = (run.left < 0 ? 4 : 7) + left + right;
        break;
      case Run::Kind::kFetch:
        count = left + 1;
        break;
    }
    counts.push_back(static_cast<int64_t>(std::min<__int128>(count, std::numeric_limits<int64_t>::max())));
  }
  return counts;
}

void ScheduleWalk::Seek(const std::vector<int64_t>& counts, int64_t action) {
  Rewind();
  Action ignored;
  while (action > 0 && !stack_.empty()) {
    Frame& top = stack_.back();
    if (top.IsFresh() && counts[top.run] <= action) {
      action -= counts[top.run];
      stack_.pop_back();
    } else if (const int64_t passed = PassParts(top, counts, action); passed > 0) {
      action -= passed;
    } else if (Step(ignored)) {
      --action;
    }
  }
}

int64_t ScheduleWalk::PassParts(Frame& frame, const std::vector<int64_t>& counts, int64_t most) const {
  const Run& run = schedule_.runs[frame.run];
  if (run.kind == Run::Kind::kSweepLast && frame.phase == 0) {
    const int64_t links = std::min(most / 4, run.length - schedule_.runs[run.left].length - frame.parts - 1);
    frame.parts += links;
    return 4 * links;
  }
  if (run.kind != Run::Kind::kSplit && run.kind != Run::Kind::kSplitHost) return 0;
  if (frame.phase == 0) {
    const int64_t swept = std::min(most, LeftParts(schedule_, run) - frame.parts - 1);
    frame.parts += swept;
    return swept;
  }
  if (frame.phase != 2 || counts[run.left] >= most) return 0;
  const int64_t actions = 2 + counts[run.left];
  const int64_t done = std::min(most / actions, frame.parts - 1);
  frame.parts -= done;
  return done * actions;
}

bool ScheduleWalk::NextStep(Action& action) {
  while (!stack_.empty()) {
    if (TakeExpanded()) return NextExpanded(action);
    if (Step(action)) return true;
  }
  return false;
}

bool ScheduleWalk::TakeExpanded() {
  const Frame& frame = stack_.back();
  const auto run = static_cast<size_t>(frame.run);
  if (!frame.IsFresh() || frame.level != Level::kDevice || run >= expansions_.size() ||
      schedule_.runs[run].length > kShortRun) {
    return false;
  }
  Expansion& expansion = expansions_[run];
  if (expansion.end == 0 && expanded_.size() > kExpandedActions) return false;
  taken_at_ = frame.begin;
  taken_write_state_ = frame.write_state;
  stack_.pop_back();
  if (expansion.end == 0) expansion = Expand(static_cast<int32_t>(run));
  taken_ = expansion;
  return true;
}

ScheduleWalk::Expansion ScheduleWalk::Expand(int32_t run) {
  const auto begin = static_cast<uint32_t>(expanded_.size());
  const size_t below = stack_.size();
  Push(run, 0, false, Level::kDevice);
  for (Action action; stack_.size() > below;) {
    if (!Step(action)) continue;
    expanded_.push_back({action.kind, action.tape, action.write_state, action.level, static_cast<uint8_t>(action.begin),
                         static_cast<uint8_t>(action.end)});
  }
  return {.begin = begin, .end = static_cast<uint32_t>(expanded_.size())};
}

bool ScheduleWalk::Step(Action& action) {
  Frame& frame = stack_.back();
  const Run& run = schedule_.runs[frame.run];
  switch (run.kind) {
    case Run::Kind::kTapeAll:
      return StepTapeAll(frame, run, action);
    case Run::Kind::kSplit:
    case Run::Kind::kSplitHost:
      return StepSplit(frame, run, action);
    case Run::Kind::kSweepLast:
      return StepSweepLast(frame, run, action);
    case Run::Kind::kSplitTape:
      return StepSplitTape(frame, run, action);
    case Run::Kind::kFetch:
      return StepFetch(frame, run, action);
  }
  stack_.clear();  // not well formed
  return false;
}

void ScheduleWalk::Push(int32_t part, int64_t begin, bool write_state, Level level) {
  stack_.push_back({.run = part, .phase = 0, .write_state = write_state, .level = level, .begin = begin, .parts = 0});
}

void ScheduleWalk::BecomeLeft(Frame& frame, const Run& run) {
  frame.run = run.left;
  frame.phase = 0;
  frame.write_state = false;
  frame.parts = 0;
}

bool ScheduleWalk::StepTapeAll(Frame& frame, const Run& run, Action& action) {
  const int64_t begin = frame.begin;
  const int64_t end = begin + run.length;
  const bool write_state = frame.write_state;
  switch (frame.phase++) {
    case 0:
      if (run.length == 1) break;
      return SetForward(action, begin, end - 1, Tape::kStored, write_state, frame.level);
    case 1:
      return SetForward(action, end - 1, end, Tape::kWork, write_state && run.length == 1, frame.level);
    default:
      stack_.pop_back();
      return SetReverse(action, begin, end);
  }
  return false;
}

bool ScheduleWalk::StepSplit(Frame& frame, const Run& run, Action& action) {
  const Level level = run.kind == Run::Kind::kSplit ? Level::kDevice : Level::kHost;
  const int64_t part = schedule_.runs[run.left].length;
  const int64_t border = frame.begin + frame.parts * part;  // after the parts that are swept and not done
  switch (frame.phase) {
    case 0: {
      const bool first = frame.parts++ == 0;
      if (border + part == frame.begin + run.length - schedule_.runs[run.right].length) frame.phase = 1;
      return SetForward(action, border, border + part, Tape::kNone, !first || frame.write_state,
                        first ? frame.level : level);
    }
    case 1:
      frame.phase = 2;
      Push(run.right, border, true, level);
      return false;
    case 2:
      frame.phase = 3;
      return SetDiscard(action, border, level);
    default: {
      frame.phase = 2;
      const bool first = --frame.parts == 0;
      SetCopy(action, border - part, first ? frame.level : level);
      if (first) {
        BecomeLeft(frame, run);
      } else {
        Push(run.left, border - part, false, level);
      }
      return true;
    }
  }
}

bool ScheduleWalk::StepSweepLast(Frame& frame, const Run& run, Action& action) {
  const int64_t begin = frame.begin;
  const int64_t last = begin + run.length - 1 - frame.parts;
  switch (frame.phase++) {
    case 0:
      return SetForward(action, begin, last, Tape::kNone, frame.write_state && frame.parts == 0, frame.level);
    case 1:
      return SetForward(action, last, last + 1, Tape::kWork, false, frame.level);
    case 2:
      return SetReverse(action, last, last + 1);
    default:
      ++frame.parts;
      frame.phase = 0;
      SetCopy(action, begin, frame.level);
      if (last - begin == schedule_.runs[run.left].length) BecomeLeft(frame, run);
      return true;
  }
}

bool ScheduleWalk::StepSplitTape(Frame& frame, const Run& run, Action& action) {
  const int64_t begin = frame.begin;
  const bool has_left = run.left >= 0;
  const int64_t taped = begin + (has_left ? schedule_.runs[run.left].length : 0);
  switch (frame.phase++) {
    case 0:
      if (!has_left) return false;
      return SetForward(action, begin, taped, Tape::kNone, frame.write_state, frame.level);
    case 1:
      return SetForward(action, taped, taped + 1, Tape::kStored, frame.write_state && !has_left, frame.level);
    case 2:
      Push(run.right, taped + 1, true, Level::kDevice);
      return false;
    case 3:
      return SetCopy(action, taped + 1, Level::kDevice);
    case 4:
      return SetDiscard(action, taped + 1, Level::kDevice);
    case 5:
      if (!has_left) stack_.pop_back();
      return SetReverse(action, taped, taped + 1);
    case 6:
      return SetDiscard(action, taped, Level::kDevice);  // it was stored with the tape
    default:
      BecomeLeft(frame, run);
      return SetCopy(action, begin, frame.level);
  }
}

bool ScheduleWalk::StepFetch(Frame& frame, const Run& run, Action& action) {
  const int64_t begin = frame.begin;
  if (frame.phase++ == 0) {
    Push(run.left, begin, true, Level::kDevice);
    return false;
  }
  stack_.pop_back();
  return SetDiscard(action, begin, Level::kDevice);
}

}  // namespace recurve
