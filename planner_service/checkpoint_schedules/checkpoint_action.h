// SPDX-License-Identifier: Apache-2.0
//
// The actions of the Python package checkpoint_schedules (Dolci, Maddison, Ham), used to exchange schedules.
// docs/schedules.md describes how they and the actions of action.h are translated into each other.
#ifndef RECURVE_PLANNER_SERVICE_CHECKPOINT_SCHEDULES_CHECKPOINT_ACTION_H_
#define RECURVE_PLANNER_SERVICE_CHECKPOINT_SCHEDULES_CHECKPOINT_ACTION_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace recurve {

// One action, like the package's class of the same name. A step is what action.h calls a link.
struct CheckpointAction {
  enum class Kind : uint8_t { kForward, kReverse, kCopy, kMove, kEndForward, kEndReverse };
  enum class Storage : uint8_t { kRam, kDisk, kWork, kNone };

  Kind kind = Kind::kForward;
  int64_t n0 = 0;                       // first step; kCopy and kMove: the step of the data
  int64_t n1 = 0;                       // one past the last step; kForward and kReverse only
  bool write_ics = false;               // kForward: store the data needed to restart from n0
  bool write_adj_deps = false;          // kForward: store the data needed by the adjoint of these steps
  bool clear_adj_deps = true;           // kReverse: drop that data
  Storage storage = Storage::kWork;     // kForward: the storage of that data; kCopy, kMove: the source
  Storage to_storage = Storage::kWork;  // kCopy, kMove: the destination; kNone drops the data

  friend bool operator==(const CheckpointAction&, const CheckpointAction&) = default;
};

// In Python syntax: "Forward(0, 3, True, False, RAM)".
std::string ToString(const CheckpointAction& action);

// One line of a schedule file, without the newline: ["Forward", 0, 3, true, false, "RAM"], the class and its arguments.
std::string ToJson(const CheckpointAction& action);

// Parses the output of ToJson or equivalent JSON. INVALID_ARGUMENT with the reason.
absl::StatusOr<CheckpointAction> ParseCheckpointAction(absl::string_view line);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CHECKPOINT_SCHEDULES_CHECKPOINT_ACTION_H_
