// SPDX-License-Identifier: Apache-2.0
#include "planner_service/checkpoint_schedules/action_importer.h"

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/verification/any_order_machine.h"

namespace recurve {
namespace {

using Kind = CheckpointAction::Kind;
using Storage = CheckpointAction::Storage;
using Tape = Action::Tape;

constexpr int64_t kNothing = -1;

bool IsStore(Storage storage) { return storage == Storage::kRam || storage == Storage::kDisk; }

Level LevelOf(Storage storage) { return storage == Storage::kDisk ? Level::kHost : Level::kDevice; }

absl::Status CheckSteps(const CheckpointAction& action) {
  if (action.n0 >= 0 && action.n1 > action.n0) return absl::OkStatus();
  return absl::InvalidArgumentError("n0 must be at least 0 and below n1");
}

}  // namespace

absl::Status ActionImporter::Add(const CheckpointAction& action, int64_t source, std::vector<Imported>& out) {
  if (ended_) return absl::InvalidArgumentError("no action may follow EndReverse");
  switch (action.kind) {
    case Kind::kForward:
      return AddForward(action, source, out);
    case Kind::kReverse:
      return AddReverse(action, source, out);
    case Kind::kCopy:
    case Kind::kMove:
      return AddTransfer(action, source, out);
    case Kind::kEndForward:
      return absl::OkStatus();
    case Kind::kEndReverse:
      End(source, out);
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status ActionImporter::CheckEnded() const {
  if (ended_) return absl::OkStatus();
  return absl::FailedPreconditionError("the schedule ends without EndReverse");
}

absl::Status ActionImporter::AddForward(const CheckpointAction& action, int64_t source, std::vector<Imported>& out) {
  RETURN_IF_ERROR(CheckSteps(action));
  const bool in_store = IsStore(action.storage);
  if (action.write_ics && !in_store) {
    return absl::InvalidArgumentError("restart data can only be stored in RAM or DISK");
  }
  if (action.write_adj_deps && action.storage == Storage::kNone) {
    return absl::InvalidArgumentError("adjoint data cannot be stored in NONE");
  }
  EmitTaped(kNothing, out);
  DropLeftover(out);
  if (read_) {
    Emit({.kind = Action::Kind::kCopy, .level = read_->level, .begin = read_->state, .end = read_->state},
         read_->source, out);
  }
  DropMoved(out);
  Action forward{.tape = action.write_adj_deps ? Tape::kStored : Tape::kNone,
                 .write_state = action.write_ics && action.n0 != 0,
                 .begin = action.n0,
                 .end = action.n1};
  if (forward.write_state) forward.level = LevelOf(action.storage);
  if (action.write_adj_deps && action.storage == Storage::kWork) {
    if (work_.FirstIn(action.n0) < action.n1) {
      return absl::FailedPreconditionError(
          absl::StrCat("the adjoint data of step ", work_.FirstIn(action.n0), " is already in WORK"));
    }
    work_.Add(action.n0, action.n1);
    taped_ = {forward, source};
    return absl::OkStatus();
  }
  Emit(forward, source, out);
  if (!action.write_ics && !action.write_adj_deps) return absl::OkStatus();
  const Snapshot snapshot{.restart_data = action.write_ics, .tapes_end = action.write_adj_deps ? action.n1 : action.n0};
  if (!snapshots_.emplace(std::pair(action.storage, action.n0), snapshot).second) {
    return absl::FailedPreconditionError(absl::StrCat("data of step ", action.n0, " is already stored"));
  }
  if (static_cast<int64_t>(snapshots_.size()) <= kMaxStoredRanges) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("more than ", kMaxStoredRanges, " objects are stored at once"));
}

absl::Status ActionImporter::AddReverse(const CheckpointAction& action, int64_t source, std::vector<Imported>& out) {
  RETURN_IF_ERROR(CheckSteps(action));
  if (!action.clear_adj_deps) {
    return absl::InvalidArgumentError("keeping adjoint data for another adjoint is not supported");
  }
  if (const int64_t missing = work_.FirstOut(action.n0); missing < action.n1) {
    return absl::FailedPreconditionError(absl::StrCat("the adjoint data of step ", missing, " is not in WORK"));
  }
  work_.Remove(action.n0, action.n1);
  EmitTaped(action.n1, out);
  const bool from_store = stored_tapes_.Contains(action.n0);
  Emit({.kind = Action::Kind::kReverse, .begin = action.n0, .end = action.n1}, source, out);
  stored_tapes_.Remove(action.n0, action.n1);
  leftover_.reset();  // freed with the tape before it
  if (from_store && action.n0 > 0 && !stored_tapes_.Contains(action.n0 - 1) && !device_.Contains(action.n0)) {
    leftover_ = {{.kind = Action::Kind::kDiscard, .begin = action.n0, .end = action.n0}, source};
  }
  return absl::OkStatus();
}

absl::Status ActionImporter::AddTransfer(const CheckpointAction& action, int64_t source, std::vector<Imported>& out) {
  const bool dropped = action.kind == Kind::kMove && action.to_storage == Storage::kNone;
  if (!IsStore(action.storage) || (action.to_storage != Storage::kWork && !dropped)) {
    return absl::InvalidArgumentError("data can only be copied or moved from RAM or DISK to WORK, or moved to NONE");
  }
  const auto found = snapshots_.find(std::pair(action.storage, action.n0));
  if (found == snapshots_.end()) {
    return absl::FailedPreconditionError(absl::StrCat("no data of step ", action.n0, " is stored there"));
  }
  const Snapshot snapshot = found->second;
  if (action.kind == Kind::kMove) snapshots_.erase(found);
  EmitTaped(kNothing, out);
  DropMoved(out);
  if (!dropped) return Load(action, snapshot, source);
  if (stored_tapes_.FirstIn(action.n0) < snapshot.tapes_end) {
    return absl::InvalidArgumentError("dropping unused adjoint data is not supported");
  }
  if (snapshot.restart_data) EmitDiscard(action.n0, LevelOf(action.storage), source, out);
  return absl::OkStatus();
}

absl::Status ActionImporter::Load(const CheckpointAction& action, const Snapshot& snapshot, int64_t source) {
  if (snapshot.tapes_end > action.n0) {
    if (stored_tapes_.FirstOut(action.n0) < snapshot.tapes_end || work_.FirstIn(action.n0) < snapshot.tapes_end) {
      return absl::FailedPreconditionError("its adjoint data is already in WORK, or already reversed");
    }
    work_.Add(action.n0, snapshot.tapes_end);
  }
  if (snapshot.restart_data) {
    read_ = {action.n0, action.n0 == 0 ? Level::kDevice : LevelOf(action.storage), action.kind == Kind::kMove, source};
  }
  return absl::OkStatus();
}

void ActionImporter::End(int64_t source, std::vector<Imported>& out) {
  ended_ = true;
  EmitTaped(kNothing, out);
  DropLeftover(out);
  for (const Level level : {Level::kDevice, Level::kHost}) {
    RangeSet& written = Written(level);
    while (written.size() > 0) EmitDiscard(written.FirstIn(0), level, source, out);
  }
}

void ActionImporter::EmitTaped(int64_t reversed_end, std::vector<Imported>& out) {
  if (!taped_) return;
  const auto [forward, source] = *taped_;
  taped_.reset();
  if (forward.end != reversed_end) return Emit(forward, source, out);
  Action last = forward;
  last.begin = forward.end - 1;
  last.tape = Tape::kWork;
  if (last.begin > forward.begin) {
    Action others = forward;
    others.end = last.begin;
    Emit(others, source, out);
  }
  Emit(last, source, out);
}

void ActionImporter::DropLeftover(std::vector<Imported>& out) {
  if (leftover_) out.push_back(*leftover_);
  leftover_.reset();
}

void ActionImporter::DropMoved(std::vector<Imported>& out) {
  if (read_ && read_->moved) EmitDiscard(read_->state, read_->level, read_->source, out);
  read_.reset();
}

void ActionImporter::Emit(const Action& action, int64_t source, std::vector<Imported>& out) {
  if (action.kind == Action::Kind::kForward) {
    if (action.write_state) {
      RangeSet& written = Written(action.level);
      if (!written.Contains(action.begin)) written.Add(action.begin, action.begin + 1);
    }
    if (action.tape == Tape::kStored && stored_tapes_.FirstIn(action.begin) >= action.end) {
      stored_tapes_.Add(action.begin, action.end);
    }
  }
  out.push_back({action, source});
}

void ActionImporter::EmitDiscard(int64_t state, Level level, int64_t source, std::vector<Imported>& out) {
  if (!Written(level).Contains(state)) return;  // state 0
  Written(level).Remove(state, state + 1);
  out.push_back({{.kind = Action::Kind::kDiscard, .level = level, .begin = state, .end = state}, source});
}

}  // namespace recurve
