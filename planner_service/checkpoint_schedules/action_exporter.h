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

// Translates the actions of a ScheduleWalk to those of checkpoint_schedules, one by one. The result runs the same links
// in the same order and stores no more. There, adjoint data contains the states that it needs, so a state stored only
// for a tape is not stored again; state 0, which here the caller keeps, is stored by the first forward. Memory is
// O(states and tapes stored at once). Not thread-safe.
//
//   ActionExporter exporter(schedule.length());
//   while (std::optional<Action> action = walk.Next()) exporter.Add(*action, lines);
//   exporter.Finish(lines);
class ActionExporter {
 public:
  // `start` says where state 0 is kept.
  explicit ActionExporter(int64_t length, Level start = Level::kDevice) : length_(length), start_(start) {}

  // Appends the translation of `action`, zero to four actions, to `out`. Output that depends on the next action is
  // deferred until it is added.
  void Add(const Action& action, std::vector<CheckpointAction>& out);
  void Finish(std::vector<CheckpointAction>& out);

 private:
  // A state that has been made current but not used yet.
  struct Read {
    int64_t state;
    Level level;
    bool dropped;  // discarded since
  };
  struct Tapes {
    int64_t begin;
    bool in_work;  // moved to WORK
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
