// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CHECKPOINT_SCHEDULES_ACTION_EXPORTER_H_
#define RECURVE_PLANNER_SERVICE_CHECKPOINT_SCHEDULES_ACTION_EXPORTER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "planner_service/checkpoint_schedules/checkpoint_action.h"
#include "planner_service/schedule/action.h"
#include "planner_service/verification/range_set.h"

namespace recurve {

// Writes the actions of a ScheduleWalk in the vocabulary of checkpoint_schedules, one by one. The result does the same
// links in the same order and stores no more. Adjoint data there contains the states that it needs, so a state that is
// stored only for a tape's sake is not stored again; state 0, which the caller keeps here, is stored by the first
// forward. Memory is O(states and tapes stored at once). Not thread-safe.
//
//   ActionExporter exporter(schedule.length());
//   while (std::optional<Action> action = walk.Next()) exporter.Add(*action, lines);
//   exporter.Finish(lines);
class ActionExporter {
 public:
  // `start` says where state 0 is kept.
  explicit ActionExporter(int64_t length, Level start = Level::kDevice) : length_(length), start_(start) {}

  // Appends what stands for `action`, none to four actions, to `out`. What the next action decides comes with it.
  void Add(const Action& action, std::vector<CheckpointAction>& out);
  void Finish(std::vector<CheckpointAction>& out);

 private:
  // A state that has been made current and not been used yet.
  struct Read {
    int64_t state;
    Level level;
    bool dropped;  // it was discarded at once
  };
  struct Tapes {
    int64_t begin;
    bool in_work;  // have been moved there
  };

  void AddForward(const Action& action, std::vector<CheckpointAction>& out);
  void AddReverse(const Action& action, std::vector<CheckpointAction>& out);
  void ForgetRead(std::vector<CheckpointAction>& out);
  void Drop(int64_t state, Level level, std::vector<CheckpointAction>& out);
  RangeSet& Written(Level level) { return level == Level::kHost ? on_disk_ : in_ram_; }

  const int64_t length_;
  const Level start_;
  bool begun_ = false;
  bool forward_ended_ = false;
  bool work_tape_ = false;
  std::optional<Read> read_;
  RangeSet in_ram_;           // states
  RangeSet on_disk_;          // states
  std::vector<Tapes> tapes_;  // in RAM, a stack
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CHECKPOINT_SCHEDULES_ACTION_EXPORTER_H_
