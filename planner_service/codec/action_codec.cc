// SPDX-License-Identifier: Apache-2.0
#include "planner_service/codec/action_codec.h"

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

using Kind = Action::Kind;
using Tape = Action::Tape;

schedule::v1::ActionKind EncodeKind(const Action& action) {
  switch (action.kind) {
    case Kind::kForward:
      return action.tape == Tape::kStored ? schedule::v1::ACTION_KIND_FORWARD_TAPE_STORED
             : action.tape == Tape::kWork ? schedule::v1::ACTION_KIND_FORWARD_TAPE_WORK
                                          : schedule::v1::ACTION_KIND_FORWARD;
    case Kind::kReverse:
      return schedule::v1::ACTION_KIND_REVERSE;
    case Kind::kCopy:
      return schedule::v1::ACTION_KIND_COPY;
    case Kind::kDiscard:
      return schedule::v1::ACTION_KIND_DISCARD;
  }
  return schedule::v1::ACTION_KIND_UNSPECIFIED;
}

// False if `kind` is invalid.
bool DecodeKind(int kind, Action& action) {
  switch (kind) {
    case schedule::v1::ACTION_KIND_FORWARD:
      return true;
    case schedule::v1::ACTION_KIND_FORWARD_TAPE_STORED:
      action.tape = Tape::kStored;
      return true;
    case schedule::v1::ACTION_KIND_FORWARD_TAPE_WORK:
      action.tape = Tape::kWork;
      return true;
    case schedule::v1::ACTION_KIND_REVERSE:
      action.kind = Kind::kReverse;
      return true;
    case schedule::v1::ACTION_KIND_COPY:
      action.kind = Kind::kCopy;
      return true;
    case schedule::v1::ACTION_KIND_DISCARD:
      action.kind = Kind::kDiscard;
      return true;
    default:
      return false;
  }
}

// False if `store` is invalid for the kind of `action`.
bool DecodeStore(int store, Action& action) {
  const bool named = store == schedule::v1::STATE_STORE_DEVICE || store == schedule::v1::STATE_STORE_HOST;
  if (store == schedule::v1::STATE_STORE_HOST) action.level = Level::kHost;
  action.write_state = action.kind == Kind::kForward && named;
  switch (action.kind) {
    case Kind::kForward:
      return named || store == schedule::v1::STATE_STORE_UNSPECIFIED;
    case Kind::kReverse:
      return store == schedule::v1::STATE_STORE_UNSPECIFIED;
    case Kind::kCopy:
    case Kind::kDiscard:
      return named;
  }
  return false;
}

absl::Status CheckSizes(const schedule::v1::ActionChunk& chunk) {
  const int actions = chunk.kinds_size();
  if (actions > kMaxChunkActions) {
    return absl::InvalidArgumentError(
        absl::StrCat("actions.kinds has ", actions, " entries; must have at most ", kMaxChunkActions));
  }
  if (chunk.stores_size() == actions && chunk.begins_size() == actions && chunk.ends_size() == actions) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("actions.kinds, stores, begins and ends have ", actions, ", ",
                                                 chunk.stores_size(), ", ", chunk.begins_size(), " and ",
                                                 chunk.ends_size(), " entries; must have the same number"));
}

}  // namespace

schedule::v1::StateStore EncodeLevel(Level level) {
  return level == Level::kHost ? schedule::v1::STATE_STORE_HOST : schedule::v1::STATE_STORE_DEVICE;
}

void AppendAction(const Action& action, schedule::v1::ActionChunk& chunk) {
  const bool touches_state =
      action.kind == Kind::kForward ? action.write_state : action.kind == Kind::kCopy || action.kind == Kind::kDiscard;
  chunk.add_kinds(EncodeKind(action));
  chunk.add_stores(touches_state ? EncodeLevel(action.level) : schedule::v1::STATE_STORE_UNSPECIFIED);
  chunk.add_begins(action.begin);
  chunk.add_ends(action.end);
}

absl::StatusOr<std::vector<Action>> DecodeActions(const schedule::v1::ActionChunk& chunk) {
  RETURN_IF_ERROR(CheckSizes(chunk));
  std::vector<Action> actions;
  actions.reserve(chunk.kinds_size());
  for (int i = 0; i < chunk.kinds_size(); ++i) {
    Action action{.begin = chunk.begins(i), .end = chunk.ends(i)};
    if (!DecodeKind(chunk.kinds(i), action)) {
      return absl::InvalidArgumentError(
          absl::StrCat("actions.kinds[", i, "] is ", chunk.kinds(i), "; must be 1 to 6, an ActionKind"));
    }
    if (!DecodeStore(chunk.stores(i), action)) {
      return absl::InvalidArgumentError(
          absl::StrCat("actions.stores[", i, "] is ", chunk.stores(i),
                       "; must be 1 or 2 for a copy or discard, 0 for a reverse, 0 to 2 for a forward"));
    }
    actions.push_back(action);
  }
  return actions;
}

}  // namespace recurve
