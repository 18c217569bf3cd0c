// SPDX-License-Identifier: Apache-2.0
#include "planner_service/verification/any_order_machine.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

using Tape = Action::Tape;

template <typename... Parts>
absl::Status Refuse(const Parts&... parts) {
  return absl::FailedPreconditionError(absl::StrCat(parts...));
}

int64_t Clamped(__int128 value) {
  return static_cast<int64_t>(std::min<__int128>(value, std::numeric_limits<int64_t>::max()));
}

}  // namespace

AnyOrderMachine::AnyOrderMachine(int64_t length, const ReplayCosts& costs) : costs_(costs), gradient_(length) {}

absl::Status AnyOrderMachine::Apply(const Action& action) {
  if (work_tape_ >= 0 && (action.kind != Action::Kind::kReverse || action.end != work_tape_ + 1)) {
    return Refuse("the tape of link ", work_tape_, " is in the working set; its reverse must come next");
  }
  switch (action.kind) {
    case Action::Kind::kForward:
      return Forward(action);
    case Action::Kind::kReverse:
      return Reverse(action);
    case Action::Kind::kCopy:
      return Copy(action);
    case Action::Kind::kDiscard:
      return Discard(action);
  }
  return Refuse("unknown kind of action");
}

absl::Status AnyOrderMachine::CheckEnded() const {
  if (gradient_ != 0) return Refuse("the schedule ends with links [0, ", gradient_, ") not reversed");
  const int64_t states = written_.size() + with_tapes_.size();
  if (states + tapes_.size() + host_.size() == 0) return absl::OkStatus();
  return Refuse("the schedule ends with ", states, " states and ", tapes_.size(), " tapes still stored, and ",
                host_.size(), " states on the host");
}

absl::Status AnyOrderMachine::Forward(const Action& action) {
  if (action.begin < 0 || action.end <= action.begin || action.end > gradient_) {
    return Refuse("must be a range within the links not reversed yet, [0, ", gradient_, ")");
  }
  if (action.begin != current_) return Refuse("state ", action.begin, " is not current; state ", current_, " is");
  if (action.tape == Tape::kWork && action.end != action.begin + 1) {
    return Refuse("the working set holds the tape of one link only");
  }
  if (action.write_state) {
    RETURN_IF_ERROR(StoreState(action));
  }
  if (action.tape == Tape::kStored) {
    RETURN_IF_ERROR(StoreTapes(action));
  }
  const int64_t links = action.end - action.begin;
  if (action.tape == Tape::kWork) work_tape_ = action.begin;
  if (action.tape != Tape::kNone) counts_.taped_count += links;
  if (__builtin_add_overflow(counts_.forward_count, links, &counts_.forward_count)) {
    counts_.forward_count = std::numeric_limits<int64_t>::max();
  }
  previous_ = action.end - 1;
  current_ = action.end;
  return Recount();
}

absl::Status AnyOrderMachine::StoreState(const Action& action) {
  if (IsStored(action.begin, action.level)) return Refuse("state ", action.begin, " is already stored");
  const bool host = action.level == Level::kHost;
  (host ? host_ : written_).Add(action.begin, action.begin + 1);
  ++(host ? counts_.host : counts_.device).writes;
  return absl::OkStatus();
}

absl::Status AnyOrderMachine::StoreTapes(const Action& action) {
  if (const int64_t taped = tapes_.FirstIn(action.begin); taped < action.end) {
    return Refuse("the tape of link ", taped, " is already stored");
  }
  tapes_.Add(action.begin, action.end);
  for (int64_t from = FirstNotStored(action.begin, action.end); from < action.end;) {
    const int64_t to = std::min({action.end, written_.FirstIn(from), with_tapes_.FirstIn(from)});
    with_tapes_.Add(from, to);
    from = FirstNotStored(to, action.end);
  }
  return absl::OkStatus();
}

absl::Status AnyOrderMachine::Reverse(const Action& action) {
  if (action.begin < 0 || action.end <= action.begin || action.end != gradient_) {
    return Refuse(gradient_ == 0 ? "every link is already reversed"
                                 : absl::StrCat("the next link to reverse is ", gradient_ - 1));
  }
  while (gradient_ > action.begin) {
    if (work_tape_ >= 0) {
      work_tape_ = -1;  // its forward was the previous action, so the states before and after the link are running
      --gradient_;
    } else {
      RETURN_IF_ERROR(ReverseFromStore(action.begin));
    }
  }
  return absl::OkStatus();
}

absl::Status AnyOrderMachine::ReverseFromStore(int64_t lowest) {
  const int64_t end = gradient_;
  if (!tapes_.Contains(end - 1)) return Refuse("the tape of link ", end - 1, " is not stored");
  if (!IsLive(end)) return Refuse("state ", end, " is not live");
  const int64_t begin = std::max(lowest, tapes_.BeginOfRange(end - 1));
  for (int64_t state = begin; (state = FirstNotStored(state, end)) < end; ++state) {
    if (!IsLive(state)) return Refuse("state ", state, " is not live");
  }
  tapes_.Remove(begin, end);
  with_tapes_.Remove(begin + 1, end + 1);
  gradient_ = begin;
  return absl::OkStatus();
}

absl::Status AnyOrderMachine::Copy(const Action& action) {
  if (action.end != action.begin) return Refuse("end is ", action.end, ", must equal begin");
  if (!IsStored(action.begin, action.level)) return Refuse("state ", action.begin, " is not stored");
  ++(action.level == Level::kHost ? counts_.host : counts_.device).reads;
  current_ = action.begin;
  previous_ = -1;
  return absl::OkStatus();
}

absl::Status AnyOrderMachine::Discard(const Action& action) {
  if (action.end != action.begin) return Refuse("end is ", action.end, ", must equal begin");
  const int64_t state = action.begin;
  RangeSet& states = action.level == Level::kHost ? host_ : written_.Contains(state) ? written_ : with_tapes_;
  if (!states.Contains(state)) return Refuse("state ", state, " is not stored");
  states.Remove(state, state + 1);
  return Recount();
}

bool AnyOrderMachine::IsStored(int64_t state, Level level) const {
  if (state == 0 && level == costs_.start) return true;
  if (level == Level::kHost) return host_.Contains(state);
  return written_.Contains(state) || with_tapes_.Contains(state);
}

bool AnyOrderMachine::IsLive(int64_t state) const {
  return state == current_ || state == previous_ || IsStored(state, Level::kDevice);
}

int64_t AnyOrderMachine::FirstNotStored(int64_t begin, int64_t end) const {
  int64_t state = begin == 0 && costs_.start == Level::kDevice ? 1 : begin;
  while (state < end) {
    const int64_t out = with_tapes_.FirstOut(written_.FirstOut(state));
    if (out == state) return state;
    state = out;
  }
  return end;
}

absl::Status AnyOrderMachine::Recount() {
  const int64_t states = written_.size() + with_tapes_.size();
  const int64_t tapes = tapes_.size();
  counts_.peak_states = std::max(counts_.peak_states, states);
  counts_.peak_tapes = std::max(counts_.peak_tapes, tapes);
  const auto tape_bytes = static_cast<__int128>(costs_.tape_bytes) * tapes;
  const auto bytes = static_cast<__int128>(costs_.state_bytes) * states + tape_bytes;
  if (Clamped(bytes) > counts_.peak_bytes) {
    counts_.peak_bytes = Clamped(bytes);
    counts_.tape_bytes_at_peak = Clamped(tape_bytes);
  }
  counts_.host_peak_bytes =
      std::max(counts_.host_peak_bytes, Clamped(static_cast<__int128>(costs_.state_bytes) * host_.size()));
  if (written_.ranges() + with_tapes_.ranges() + tapes_.ranges() + host_.ranges() <= kMaxStoredRanges) {
    return absl::OkStatus();
  }
  return absl::ResourceExhaustedError(
      absl::StrCat("more than ", kMaxStoredRanges, " separate ranges of states and tapes are stored at once"));
}

}  // namespace recurve
