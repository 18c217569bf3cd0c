// SPDX-License-Identifier: Apache-2.0
#include "planner_service/schedule/replay_machine.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

using Tape = Action::Tape;
int64_t Clamped(__int128 value) {
  return static_cast<int64_t>(std::min<__int128>(value, std::numeric_limits<int64_t>::max()));
}

template <typename... Parts>
absl::Status Refuse(const Action& action, const Parts&... parts) {
  return absl::FailedPreconditionError(absl::StrCat(ToString(action), ": ", parts...));
}

}  // namespace

ReplayMachine::ReplayMachine(int64_t length, const ReplayCosts& costs) : costs_(costs), gradient_(length) { Recount(); }

absl::Status ReplayMachine::Apply(const Action& action) {
  if (work_tape_ >= 0 && (action.kind != Action::Kind::kReverse || action.end != work_tape_ + 1)) {
    return Refuse(action, "the tape of link ", work_tape_, " is in the working set; its reverse must come next");
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
  return Refuse(action, "unknown kind");
}

absl::StatusOr<ReplayResult> ReplayMachine::Finish() const {
  if (gradient_ != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the schedule ends with links [0, ", gradient_, ") not reversed"));
  }
  if (!store_.empty() || !host_.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("the schedule ends with ", states_, " states and ", tapes_,
                                                      " tapes still stored, and ", host_.size(),
                                                      " states on the host"));
  }
  return result_;
}

absl::Status ReplayMachine::Forward(const Action& action) {
  if (action.begin < 0 || action.end <= action.begin || action.end > gradient_) {
    return Refuse(action, "must be a range within the links not reversed yet, [0, ", gradient_, ")");
  }
  if (action.begin != current_)
    return Refuse(action, "state ", action.begin, " is not current; state ", current_, " is");
  if (action.tape == Tape::kWork && action.end != action.begin + 1) {
    return Refuse(action, "the working set holds the tape of one link only");
  }
  if (action.write_state) {
    RETURN_IF_ERROR(action.level == Level::kHost ? StoreStateOnHost(action) : StoreState(action));
  }
  if (action.tape == Tape::kStored) {
    RETURN_IF_ERROR(StoreTapes(action));
  }
  const int64_t links = action.end - action.begin;
  if (action.tape == Tape::kWork) work_tape_ = action.begin;
  if (action.tape != Tape::kNone) {
    result_.taped_count += links;
  } else if (costs_.links != nullptr) {
    result_.forward_cost += costs_.links->ForwardCost(action.begin, action.end);
  }
  result_.forward_count += links;
  previous_ = action.end - 1;
  current_ = action.end;
  if (action.write_state || action.tape == Tape::kStored) Recount();
  return absl::OkStatus();
}

absl::Status ReplayMachine::StoreState(const Action& action) {
  const int64_t rightmost = Rightmost();
  if (action.begin <= rightmost && IsStored(action.begin)) {
    return Refuse(action, "state ", action.begin, " is already stored");
  }
  if (rightmost > action.begin) return Refuse(action, "something is stored to the right of state ", action.begin);
  const bool ends_tape = !store_.empty() && store_.back().kind == Stored::Kind::kTapes;
  store_.push_back({.kind = Stored::Kind::kState, .begin = action.begin, .end = action.begin});
  ++states_;
  state_bytes_ += StateBytes(action.begin, action.begin + 1);
  ++result_.device.writes;
  // In the paper, the state after a taped link is part of that link's internal state.
  if (!ends_tape || store_[store_.size() - 2].end != action.begin) ++paper_states_;
  return absl::OkStatus();
}

absl::Status ReplayMachine::StoreStateOnHost(const Action& action) {
  if (IsStoredOnHost(action.begin)) return Refuse(action, "state ", action.begin, " is already stored");
  if (!host_.empty() && host_.back() > action.begin) {
    return Refuse(action, "something is stored to the right of state ", action.begin);
  }
  host_.push_back(action.begin);
  host_bytes_ += StateBytes(action.begin, action.begin + 1);
  ++result_.host.writes;
  result_.host_peak_bytes = std::max(result_.host_peak_bytes, Clamped(host_bytes_));
  return absl::OkStatus();
}

absl::Status ReplayMachine::StoreTapes(const Action& action) {
  if (Rightmost() > action.begin) return Refuse(action, "something is stored to the right of state ", action.begin);
  const bool with_first = !IsStored(action.begin);
  store_.push_back(
      {.kind = Stored::Kind::kTapes, .has_first_state = with_first, .begin = action.begin, .end = action.end});
  const int64_t links = action.end - action.begin;
  tapes_ += links;
  states_ += links - 1 + (with_first ? 1 : 0);
  tape_bytes_ += TapeBytes(action.begin, action.end);
  state_bytes_ += StateBytes(action.begin + (with_first ? 0 : 1), action.end);
  return absl::OkStatus();
}

absl::Status ReplayMachine::Reverse(const Action& action) {
  if (action.begin < 0 || action.end <= action.begin || action.end != gradient_) {
    return Refuse(action, "the next link to reverse is ", gradient_ - 1);
  }
  while (gradient_ > action.begin) {
    RETURN_IF_ERROR(work_tape_ >= 0 ? ReverseFromWorkTape(action) : ReverseFromStore(action));
  }
  return absl::OkStatus();
}

absl::Status ReplayMachine::ReverseFromWorkTape(const Action& action) {
  const int64_t link = gradient_ - 1;
  if (!IsLive(link)) return Refuse(action, "state ", link, " is not live");
  if (!IsLive(link + 1)) return Refuse(action, "state ", link + 1, " is not live");
  work_tape_ = -1;
  gradient_ = link;
  return absl::OkStatus();
}

absl::Status ReplayMachine::ReverseFromStore(const Action& action) {
  const int64_t end = gradient_;
  if (!IsLive(end)) return Refuse(action, "state ", end, " is not live");
  // The state after the link, if it was stored with the tapes of links already reversed.
  if (!store_.empty() && store_.back().kind == Stored::Kind::kTapedState && store_.back().begin == end) {
    store_.pop_back();
    --states_;
    state_bytes_ -= StateBytes(end, end + 1);
  }
  if (store_.empty() || store_.back().kind != Stored::Kind::kTapes || store_.back().end != end) {
    return Refuse(action, "the tape of link ", end - 1, " is not the last object stored");
  }
  Stored& top = store_.back();
  const int64_t begin = std::max(action.begin, top.begin);
  if (begin == top.begin && !top.has_first_state && !IsLive(begin)) {
    return Refuse(action, "state ", begin, " is not live");
  }
  tapes_ -= end - begin;
  const int64_t last = top.has_last_state ? 1 : 0;
  states_ -= end - begin - 1 + last;  // states begin + 1 .. end - 1, and `end`
  tape_bytes_ -= TapeBytes(begin, end);
  state_bytes_ -= StateBytes(begin + 1, end + last);
  if (begin > top.begin) {
    top.has_last_state = true;
    top.end = begin;
  } else if (top.has_first_state) {
    top = {.kind = Stored::Kind::kTapedState, .begin = begin, .end = begin};
  } else {
    store_.pop_back();
  }
  gradient_ = begin;
  return absl::OkStatus();
}

absl::Status ReplayMachine::Copy(const Action& action) {
  if (action.end != action.begin) return Refuse(action, "end is ", action.end, ", must equal begin");
  const bool host = action.level == Level::kHost;
  if (host ? !IsStoredOnHost(action.begin) : !IsStored(action.begin)) {
    return Refuse(action, "state ", action.begin, " is not stored");
  }
  ++(host ? result_.host : result_.device).reads;
  current_ = action.begin;
  previous_ = -1;
  return absl::OkStatus();
}

absl::Status ReplayMachine::Discard(const Action& action) {
  if (action.end != action.begin) return Refuse(action, "end is ", action.end, ", must equal begin");
  if (action.level == Level::kHost) {
    if (host_.empty() || host_.back() != action.begin) {
      return Refuse(action, "state ", action.begin, " is not the last object stored");
    }
    host_.pop_back();
    host_bytes_ -= StateBytes(action.begin, action.begin + 1);
    return absl::OkStatus();
  }
  if (store_.empty() || store_.back().kind == Stored::Kind::kTapes || store_.back().begin != action.begin) {
    return Refuse(action, "state ", action.begin, " is not the last object stored");
  }
  const bool written = store_.back().kind == Stored::Kind::kState;
  store_.pop_back();
  --states_;
  state_bytes_ -= StateBytes(action.begin, action.begin + 1);
  const bool ends_tape =
      !store_.empty() && store_.back().kind == Stored::Kind::kTapes && store_.back().end == action.begin;
  if (written && !ends_tape) --paper_states_;
  return absl::OkStatus();
}

bool ReplayMachine::IsStored(int64_t state) const {
  if (state == 0 && costs_.start == Level::kDevice) return true;
  if (store_.empty() || state > store_.back().end) return false;
  if (store_.back().kind != Stored::Kind::kTapes && store_.back().begin == state) return true;  // the common case
  auto after = std::upper_bound(store_.begin(), store_.end(), state,
                                [](int64_t position, const Stored& stored) { return position < stored.begin; });
  // The last objects that begin at or before `state`: a state, and possibly tapes that begin at it.
  for (int back = 0; back < 2 && after != store_.begin(); ++back) {
    const Stored& stored = *--after;
    if (stored.kind != Stored::Kind::kTapes) {
      if (stored.begin == state) return true;
      continue;
    }
    if (state == stored.begin ? stored.has_first_state : state < stored.end) return true;
    if (state == stored.end && stored.has_last_state) return true;
  }
  return false;
}

bool ReplayMachine::IsStoredOnHost(int64_t state) const {
  if (state == 0 && costs_.start == Level::kHost) return true;
  return std::binary_search(host_.begin(), host_.end(), state);
}

bool ReplayMachine::IsRunning(int64_t state) const { return state >= 0 && (state == current_ || state == previous_); }

int64_t ReplayMachine::Rightmost() const { return store_.empty() ? 0 : store_.back().end; }

ReplayMachine::Wide ReplayMachine::StateBytes(int64_t begin, int64_t end) const {
  return costs_.links == nullptr ? Wide{costs_.state_bytes} * (end - begin) : costs_.links->StateBytes(begin, end);
}

ReplayMachine::Wide ReplayMachine::TapeBytes(int64_t begin, int64_t end) const {
  return costs_.links == nullptr ? Wide{costs_.tape_bytes} * (end - begin) : costs_.links->TapeBytes(begin, end);
}

void ReplayMachine::Recount() {
  result_.peak_states = std::max(result_.peak_states, states_);
  result_.peak_tapes = std::max(result_.peak_tapes, tapes_);
  if (const int64_t bytes = Clamped(state_bytes_ + tape_bytes_); bytes > result_.peak_bytes) {
    result_.peak_bytes = bytes;
    result_.tape_bytes_at_peak = Clamped(tape_bytes_);
  }
  if (costs_.links != nullptr) return;
  const Wide paper_bytes = StateBytes(0, 1 + paper_states_ + tapes_) + tape_bytes_;
  result_.peak_paper_bytes = std::max(result_.peak_paper_bytes, Clamped(paper_bytes));
}

}  // namespace recurve
