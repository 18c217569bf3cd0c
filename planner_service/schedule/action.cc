// SPDX-License-Identifier: Apache-2.0
#include "planner_service/schedule/action.h"

#include "absl/strings/str_cat.h"

namespace recurve {

std::string ToString(const Action& action) {
  const bool host = action.level == Level::kHost;
  switch (action.kind) {
    case Action::Kind::kForward: {
      std::string text = absl::StrCat("forward [", action.begin, ", ", action.end, ")");
      if (action.write_state) absl::StrAppend(&text, " write_state", host ? " to host" : "");
      if (action.tape == Action::Tape::kStored) absl::StrAppend(&text, " tape stored");
      if (action.tape == Action::Tape::kWork) absl::StrAppend(&text, " tape in working set");
      return text;
    }
    case Action::Kind::kReverse:
      return absl::StrCat("reverse [", action.begin, ", ", action.end, ")");
    case Action::Kind::kCopy:
      return absl::StrCat("copy ", action.begin, host ? " from host" : "");
    case Action::Kind::kDiscard:
      return absl::StrCat("discard ", action.begin, host ? " from host" : "");
  }
  return absl::StrCat("action of unknown kind ", static_cast<int>(action.kind));
}

}  // namespace recurve
