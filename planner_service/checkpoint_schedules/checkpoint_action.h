// SPDX-License-Identifier: Apache-2.0
//
// The vocabulary of the Python package checkpoint_schedules (Dolci, Maddison, Ham), in which people exchange schedules.
// docs/schedules.md says how it and the actions of action.h are each written in terms of the other.
#ifndef RECURVE_PLANNER_SERVICE_CHECKPOINT_SCHEDULES_CHECKPOINT_ACTION_H_
#define RECURVE_PLANNER_SERVICE_CHECKPOINT_SCHEDULES_CHECKPOINT_ACTION_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace recurve {

// One action, as the package's class of the same name. Steps are what action.h calls links.
struct CheckpointAction {
  enum class Kind : uint8_t { kForward, kReverse, kCopy, kMove, kEndForward, kEndReverse };
  enum class Storage : uint8_t { kRam, kDisk, kWork, kNone };

  Kind kind = Kind::kForward;
  int64_t n0 = 0;                       // first step; of kCopy and kMove, the step whose data it is
  int64_t n1 = 0;                       // one past the last step; kForward and kReverse only
  bool write_ics = false;               // kForward: store what is needed to start again from n0
  bool write_adj_deps = false;          // kForward: store what the adjoint of these steps needs
  bool clear_adj_deps = true;           // kReverse: drop it
  Storage storage = Storage::kWork;     // kForward: where that is stored; kCopy, kMove: where from
  Storage to_storage = Storage::kWork;  // kCopy, kMove: where to; kNone drops the data

  friend bool operator==(const CheckpointAction&, const CheckpointAction&) = default;
};

// As Python writes it: "Forward(0, 3, True, False, RAM)".
std::string ToString(const CheckpointAction& action);

// One line of a schedule file, without its end: ["Forward", 0, 3, true, false, "RAM"], the class and its arguments.
std::string ToJson(const CheckpointAction& action);

// What ToJson has written, or any other JSON of the same. INVALID_ARGUMENT with the reason.
absl::StatusOr<CheckpointAction> ParseCheckpointAction(absl::string_view line);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CHECKPOINT_SCHEDULES_CHECKPOINT_ACTION_H_
