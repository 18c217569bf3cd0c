// SPDX-License-Identifier: Apache-2.0
#include "planner_service/checkpoint_schedules/action_exporter.h"

#include <algorithm>

namespace recurve {
namespace {

using Kind = CheckpointAction::Kind;
using Storage = CheckpointAction::Storage;
using Tape = Action::Tape;

Storage StorageOf(Level level) { return level == Level::kHost ? Storage::kDisk : Storage::kRam; }

}  // namespace

void ActionExporter::Add(const Action& action, std::vector<CheckpointAction>& out) {
  switch (action.kind) {
    case Action::Kind::kForward:
      return AddForward(action, out);
    case Action::Kind::kReverse:
      return AddReverse(action, out);
    case Action::Kind::kCopy:
      ForgetRead(out);
      read_ = {action.begin, action.level, false};
      return;
    case Action::Kind::kDiscard:
      if (read_ && read_->state == action.begin && read_->level == action.level) {
        read_->dropped = true;
      } else {
        Drop(action.begin, action.level, out);
      }
      return;
  }
}

void ActionExporter::Finish(std::vector<CheckpointAction>& out) {
  ForgetRead(out);
  for (const Level level : {Level::kDevice, Level::kHost}) Drop(0, level, out);
  out.push_back({.kind = Kind::kEndReverse});
}

void ActionExporter::AddForward(const Action& action, std::vector<CheckpointAction>& out) {
  if (read_) {
    // Tapes that begin at a state in RAM replace it, since they contain the state.
    const bool moved = read_->dropped || (action.tape == Tape::kStored && read_->level == Level::kDevice);
    out.push_back({.kind = moved ? Kind::kMove : Kind::kCopy, .n0 = read_->state, .storage = StorageOf(read_->level)});
    if (moved) Written(read_->level).Remove(read_->state, read_->state + 1);
    read_.reset();
  }
  const bool write_ics = action.tape == Tape::kNone && (action.write_state || !begun_);
  begun_ = true;
  const Level level = action.write_state ? action.level : start_;
  if (write_ics) Written(level).Add(action.begin, action.begin + 1);
  if (action.tape == Tape::kStored) tapes_.push_back({action.begin, false});
  work_tape_ = action.tape == Tape::kWork;
  out.push_back({.kind = Kind::kForward,
                 .n0 = action.begin,
                 .n1 = action.end,
                 .write_ics = write_ics,
                 .write_adj_deps = action.tape != Tape::kNone,
                 .storage = write_ics                      ? StorageOf(level)
                            : action.tape == Tape::kStored ? Storage::kRam
                                                           : Storage::kWork});
  if (action.end == length_ && !forward_ended_) {
    forward_ended_ = true;
    out.push_back({.kind = Kind::kEndForward});
  }
}

void ActionExporter::AddReverse(const Action& action, std::vector<CheckpointAction>& out) {
  ForgetRead(out);
  int64_t end = action.end;
  if (work_tape_) {
    out.push_back({.kind = Kind::kReverse, .n0 = end - 1, .n1 = end});
    --end;
    work_tape_ = false;
  }
  while (end > action.begin && !tapes_.empty()) {
    Tapes& top = tapes_.back();
    if (!top.in_work) out.push_back({.kind = Kind::kMove, .n0 = top.begin, .storage = Storage::kRam});
    top.in_work = true;
    const int64_t begin = std::max(action.begin, top.begin);
    out.push_back({.kind = Kind::kReverse, .n0 = begin, .n1 = end});
    if (begin == top.begin) tapes_.pop_back();
    end = begin;
  }
}

// A state read for a reverse needs no copy: the adjoint data contains it.
void ActionExporter::ForgetRead(std::vector<CheckpointAction>& out) {
  if (read_ && read_->dropped) Drop(read_->state, read_->level, out);
  read_.reset();
}

void ActionExporter::Drop(int64_t state, Level level, std::vector<CheckpointAction>& out) {
  if (!Written(level).Contains(state)) return;
  Written(level).Remove(state, state + 1);
  out.push_back({.kind = Kind::kMove, .n0 = state, .storage = StorageOf(level), .to_storage = Storage::kNone});
}

}  // namespace recurve
