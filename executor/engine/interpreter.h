// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_ENGINE_INTERPRETER_H_
#define RECURVE_EXECUTOR_ENGINE_INTERPRETER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "executor/engine/arena.h"
#include "executor/engine/host_store.h"
#include "executor/model/link_model.h"
#include "planner_service/planning/planner.h"
#include "planner_service/schedule/schedule.h"

namespace recurve {

// Device memory that every sweep holds, regardless of the schedule: blocks large enough for any state or tape of the
// model.
struct WorkingSet {
  // States. The third receives the next state from the host; null if the schedule stores none there.
  std::array<std::byte*, 3> running;
  std::byte* tape;            // of the next link to reverse; scratch for forwards without tape
  std::byte* state_gradient;  // see LinkModel::Backward
};

// Executes schedules on a model: the machine of planner_service/schedule/action.h with real states and tapes; see
// interpreter.cc for details. The store is the top of the arena and holds at any time exactly the bytes that the replay
// of the schedule predicts, for identical and for differing links. Every valid schedule runs; an invalid one is an
// INTERNAL error that names the action. Repeating the previous schedule allocates nothing. Not thread-safe. Model,
// schedules, backend and arena must outlive it.
class Interpreter {
 public:
  struct Sweep {
    const std::byte* start_state = nullptr;  // state 0; must stay unchanged during the sweep
    std::byte* final_state = nullptr;        // receives state N; null: not needed
  };
  struct Counts {
    int64_t plain_forwards = 0;  // links run without tape
    int64_t taped_forwards = 0;
  };

  // `stored_pieces`: the most states and tapes that any schedule stores on the device at once (ReplayResult).
  // `host`: as for HostStore.
  Interpreter(LinkModel& model, const WorkingSet& working_set, int64_t stored_pieces, Backend& backend, Arena& arena,
              Arena* host);

  // Runs `schedule`, which must be as long as the model's sequence, with a zero gradient of state N. `cancelled` is
  // polled between links (CANCELLED). In any case the stores are emptied and no copy to or from the host is pending
  // afterwards.
  absl::StatusOr<Counts> Run(const Schedule& schedule, const Sweep& sweep, const CancelCheck& cancelled);

 private:
  struct Running {
    int64_t state = -1;  // -1: none
    const std::byte* data = nullptr;
  };
  struct Stored {
    int64_t position;  // 2j: state j; 2j + 1: tape of link j
    bool with_tape;    // a state freed together with the tape of the previous link
    std::byte* data;
  };

  absl::Status Execute(const CancelCheck& cancelled);
  absl::Status Apply(const Action& action, const CancelCheck& cancelled);
  absl::Status Forward(const Action& action, const CancelCheck& cancelled);
  absl::Status ForwardStored(const Action& action, int64_t link);
  void ForwardLink(int64_t link, std::byte* state_out, std::byte* tape, bool keep_tape);
  absl::Status Reverse(const Action& action, const CancelCheck& cancelled);
  absl::Status ReverseLink(const Action& action, int64_t link);
  absl::Status Copy(const Action& action);
  absl::Status Discard(const Action& action);

  absl::Status StoreCurrent(const Action& action, bool with_tape);
  std::byte* Push(MemoryKind kind, int64_t position, bool with_tape, int64_t bytes);
  void Pop();
  // Moves a running state out of stored memory that is about to be freed.
  void MoveToRunningBuffer(Running& running, const Running& other, const std::byte* stored);
  void CopyState(int64_t state, const std::byte* from, std::byte* to);
  // A running buffer to write, other than that of `beside` and the target of a pending fetch.
  std::byte* TakeBuffer(const Running& beside);
  void StartFetch();
  const std::byte* FindStored(int64_t state) const;  // null: not stored
  const std::byte* FindLive(int64_t state) const;    // null: neither running nor stored

  LinkModel& model_;
  Backend& backend_;
  Arena& arena_;
  const WorkingSet working_set_;
  const Schedule* schedule_ = nullptr;  // walked by walk_
  std::optional<ScheduleWalk> walk_;
  std::vector<Stored> store_;  // positions increase
  HostStore host_;
  size_t buffer_ = 0;  // the running buffer taken last
  Sweep sweep_;
  Running current_, previous_;
  int64_t work_tape_ = -1;  // link whose tape is in the working set; -1: none
  int64_t unreversed_ = 0;  // links [0, unreversed_) remain to be reversed
  Counts counts_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_ENGINE_INTERPRETER_H_
