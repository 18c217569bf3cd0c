// SPDX-License-Identifier: Apache-2.0
//
// Where states, tapes and the gradient are while a schedule runs.
//
// The store is a stack of pieces on top of the arena, one per state or tape. A piece has a position in the chain, 2j
// for state j and 2j + 1 for the tape of link j, and positions increase from bottom to top, because a schedule stores
// from left to right and frees from right to left. The arena is therefore never fragmented, and a stored state is found
// by binary search.
//
// Two states are running: `current_`, which the next forward reads, and `previous_`, which the last forward read. Each
// is a pointer to the state's location:
//   * A running buffer, where a forward usually leaves its result. Buffers are taken in turn. A forward may take the
//     buffer of `previous_`, because the state that it reads then becomes the previous one.
//   * The store. kCopy makes a stored state current by pointing to it, without copying. When one action stores the
//   tapes
//     of several links, the states between them are stored too. They are written directly to the store, which saves a
//     copy per link, and the next link reads them there.
//   * The caller's memory: state 0.
//
// A schedule may free a stored state that is current and use it afterwards ("copy 5, discard 5, reverse [4, 5)"). Pop
// therefore first moves a running state out of the piece that it frees, into a running buffer that the other running
// state does not occupy.
//
// The working set has one tape. It is scratch for forwards without tape. From a forward with Tape::kWork until the
// reverse of that link it holds that link's tape, and other forwards are refused. The working set also has one
// gradient, of state `unreversed_`: each backward replaces the gradient of the state after its link by that of the
// state before it.
//
// A state is stored on the host from its running buffer while computation continues. It is fetched before the action
// that reads it, into a buffer that neither running state occupies, which is why there are three; TakeBuffer avoids
// this buffer until that action. A buffer from which a state is being stored may be taken: writes to it are ordered
// after the copy (host_store.h).
#include "executor/engine/interpreter.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

using Tape = Action::Tape;

template <typename... Parts>
absl::Status Refuse(const Action& action, const Parts&... parts) {
  return absl::InternalError(absl::StrCat("schedule cannot be run: ", ToString(action), ": ", parts...));
}

absl::Status Cancelled() { return absl::CancelledError("cancelled within a batch"); }

}  // namespace

Interpreter::Interpreter(LinkModel& model, const WorkingSet& working_set, int64_t stored_pieces, Backend& backend,
                         Arena& arena, Arena* host)
    : model_(model), backend_(backend), arena_(arena), working_set_(working_set), host_(backend, host) {
  store_.reserve(stored_pieces);
}

absl::StatusOr<Interpreter::Counts> Interpreter::Run(const Schedule& schedule, const Sweep& sweep,
                                                     const CancelCheck& cancelled) {
  if (schedule_ != &schedule) {
    walk_.emplace(schedule);
    schedule_ = &schedule;
  }
  sweep_ = sweep;
  current_ = {.state = 0, .data = sweep.start_state};
  previous_ = {};
  work_tape_ = -1;
  unreversed_ = model_.links();
  counts_ = {};
  backend_.BeginPhase(Phase::kStates);
  backend_.Zero(working_set_.state_gradient, model_.state_bytes(model_.links()));
  const absl::Status status = Execute(cancelled);
  host_.End();
  while (!store_.empty()) Pop();
  if (!status.ok()) return status;
  return counts_;
}

absl::Status Interpreter::Execute(const CancelCheck& cancelled) {
  walk_->Rewind();
  host_.Begin(*schedule_);
  while (const std::optional<Action> action = walk_->Next()) {
    if (host_.CanFetch()) StartFetch();
    RETURN_IF_ERROR(Apply(*action, cancelled));
  }
  if (unreversed_ != 0 || !store_.empty() || !host_.empty()) {
    return absl::InternalError(absl::StrCat("schedule cannot be run: it ends with ", unreversed_,
                                            " links not reversed, ", store_.size(), " pieces stored, and ",
                                            host_.empty() ? "nothing" : "states", " on the host"));
  }
  return absl::OkStatus();
}

absl::Status Interpreter::Apply(const Action& action, const CancelCheck& cancelled) {
  switch (action.kind) {
    case Action::Kind::kForward:
      return Forward(action, cancelled);
    case Action::Kind::kReverse:
      return Reverse(action, cancelled);
    case Action::Kind::kCopy:
      return Copy(action);
    case Action::Kind::kDiscard:
      return Discard(action);
  }
  return Refuse(action, "unknown kind");
}

absl::Status Interpreter::Forward(const Action& action, const CancelCheck& cancelled) {
  if (action.begin != current_.state) return Refuse(action, "current is state ", current_.state);
  if (action.end > model_.links()) return Refuse(action, "there are ", model_.links(), " links");
  if (work_tape_ >= 0) return Refuse(action, "it would overwrite the tape of link ", work_tape_);
  if (action.write_state && action.level == Level::kHost) {
    // A run that starts on the host is reached by a forward, so its first state is in a running buffer, not the store.
    if (!host_.Store(current_.state, model_.state_bytes(current_.state), current_.data)) {
      return Refuse(action, "no room for the state on the host");
    }
  } else if (action.write_state) {
    RETURN_IF_ERROR(StoreCurrent(action, /*with_tape=*/false));
  }
  for (int64_t link = action.begin; link < action.end; ++link) {
    if (cancelled && cancelled()) return Cancelled();
    if (action.tape == Tape::kStored) {
      RETURN_IF_ERROR(ForwardStored(action, link));
    } else {
      const bool keep_tape = action.tape == Tape::kWork;
      ForwardLink(link, TakeBuffer(current_), working_set_.tape, keep_tape);
      if (keep_tape) work_tape_ = link;
    }
  }
  return absl::OkStatus();
}

absl::Status Interpreter::ForwardStored(const Action& action, int64_t link) {
  if (FindStored(link) == nullptr) {
    RETURN_IF_ERROR(StoreCurrent(action, /*with_tape=*/true));
  }
  std::byte* tape = Push(MemoryKind::kTapes, 2 * link + 1, false, model_.tape_bytes(link));
  if (tape == nullptr) return Refuse(action, "no room for the tape of link ", link);
  const int64_t next = link + 1;
  // The state between two stored tapes is stored too: it is written directly to its place.
  std::byte* state_out =
      next == action.end ? TakeBuffer(current_) : Push(MemoryKind::kStates, 2 * next, true, model_.state_bytes(next));
  if (state_out == nullptr) return Refuse(action, "no room for state ", next);
  ForwardLink(link, state_out, tape, /*keep_tape=*/true);
  return absl::OkStatus();
}

void Interpreter::ForwardLink(int64_t link, std::byte* state_out, std::byte* tape, bool keep_tape) {
  model_.Forward(link, current_.data, state_out, tape, keep_tape);
  ++(keep_tape ? counts_.taped_forwards : counts_.plain_forwards);
  previous_ = current_;
  current_ = {.state = link + 1, .data = state_out};
  if (link + 1 == model_.links() && sweep_.final_state != nullptr) {
    CopyState(link + 1, state_out, sweep_.final_state);
  }
}

absl::Status Interpreter::Reverse(const Action& action, const CancelCheck& cancelled) {
  for (int64_t link = action.end - 1; link >= action.begin; --link) {
    if (cancelled && cancelled()) return Cancelled();
    RETURN_IF_ERROR(ReverseLink(action, link));
  }
  return absl::OkStatus();
}

absl::Status Interpreter::ReverseLink(const Action& action, int64_t link) {
  if (link + 1 != unreversed_) return Refuse(action, "the next link to reverse is ", unreversed_ - 1);
  const std::byte* state_in = FindLive(link);
  const std::byte* state_out = FindLive(link + 1);
  if (state_in == nullptr || state_out == nullptr) {
    return Refuse(action, "state ", state_in == nullptr ? link : link + 1, " is unavailable");
  }
  if (work_tape_ >= 0) {
    if (work_tape_ != link) return Refuse(action, "the working tape is of link ", work_tape_);
    model_.Backward(link, state_in, state_out, working_set_.tape, working_set_.state_gradient);
    work_tape_ = -1;
  } else {
    const bool state_above = !store_.empty() && store_.back().position == 2 * (link + 1) && store_.back().with_tape;
    const size_t above = state_above ? 1 : 0;
    if (store_.size() <= above || store_[store_.size() - 1 - above].position != 2 * link + 1) {
      return Refuse(action, "the tape of link ", link, " is not the last thing stored");
    }
    model_.Backward(link, state_in, state_out, store_[store_.size() - 1 - above].data, working_set_.state_gradient);
    if (state_above) Pop();
    Pop();
  }
  unreversed_ = link;
  return absl::OkStatus();
}

absl::Status Interpreter::Copy(const Action& action) {
  const std::byte* stored = action.level == Level::kHost ? host_.FinishFetch(action.begin) : FindStored(action.begin);
  if (stored == nullptr) return Refuse(action, "state ", action.begin, " is not stored");
  current_ = {.state = action.begin, .data = stored};
  previous_ = {};
  return absl::OkStatus();
}

absl::Status Interpreter::Discard(const Action& action) {
  if (action.level == Level::kHost) {
    if (host_.Discard(action.begin)) return absl::OkStatus();
    return Refuse(action, "state ", action.begin, " is not the last thing stored");
  }
  if (store_.empty() || store_.back().position != 2 * action.begin) {
    return Refuse(action, "state ", action.begin, " is not the last thing stored");
  }
  Pop();
  return absl::OkStatus();
}

absl::Status Interpreter::StoreCurrent(const Action& action, bool with_tape) {
  std::byte* stored = Push(MemoryKind::kStates, 2 * current_.state, with_tape, model_.state_bytes(current_.state));
  if (stored == nullptr) return Refuse(action, "no room for state ", current_.state);
  CopyState(current_.state, current_.data, stored);
  return absl::OkStatus();
}

std::byte* Interpreter::Push(MemoryKind kind, int64_t position, bool with_tape, int64_t bytes) {
  if (store_.size() == store_.capacity() || (!store_.empty() && store_.back().position >= position)) return nullptr;
  std::byte* data = arena_.Push(kind, bytes);
  if (data != nullptr) store_.push_back({.position = position, .with_tape = with_tape, .data = data});
  return data;
}

void Interpreter::Pop() {
  const std::byte* data = store_.back().data;
  MoveToRunningBuffer(current_, previous_, data);
  MoveToRunningBuffer(previous_, current_, data);
  store_.pop_back();
  arena_.Pop();
}

void Interpreter::MoveToRunningBuffer(Running& running, const Running& other, const std::byte* stored) {
  if (running.state < 0 || running.data != stored) return;
  std::byte* buffer = TakeBuffer(other);
  CopyState(running.state, stored, buffer);
  running.data = buffer;
}

void Interpreter::CopyState(int64_t state, const std::byte* from, std::byte* to) {
  backend_.BeginPhase(Phase::kStates);
  backend_.Copy(from, model_.state_bytes(state), to);
}

std::byte* Interpreter::TakeBuffer(const Running& beside) {
  const auto unusable = [&](const std::byte* buffer) {
    return buffer == nullptr || buffer == beside.data || buffer == host_.fetching_into();
  };
  // In turn, so that a pending store from the last buffer has the most time.
  do buffer_ = (buffer_ + 1) % working_set_.running.size();
  while (unusable(working_set_.running[buffer_]));
  host_.Release(working_set_.running[buffer_]);
  return working_set_.running[buffer_];
}

void Interpreter::StartFetch() {
  const auto unused = [&](const std::byte* buffer) { return buffer != current_.data && buffer != previous_.data; };
  host_.StartFetch(*std::find_if(working_set_.running.begin(), working_set_.running.end(), unused));
}

const std::byte* Interpreter::FindStored(int64_t state) const {
  if (state == 0) return sweep_.start_state;
  const auto found =
      std::lower_bound(store_.begin(), store_.end(), 2 * state,
                       [](const Stored& stored, int64_t position) { return stored.position < position; });
  return found != store_.end() && found->position == 2 * state ? found->data : nullptr;
}

const std::byte* Interpreter::FindLive(int64_t state) const {
  if (current_.state == state) return current_.data;
  if (previous_.state == state) return previous_.data;
  return FindStored(state);
}

}  // namespace recurve
