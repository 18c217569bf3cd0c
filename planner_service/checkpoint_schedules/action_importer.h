// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CHECKPOINT_SCHEDULES_ACTION_IMPORTER_H_
#define RECURVE_PLANNER_SERVICE_CHECKPOINT_SCHEDULES_ACTION_IMPORTER_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "planner_service/checkpoint_schedules/checkpoint_action.h"
#include "planner_service/schedule/action.h"
#include "planner_service/verification/range_set.h"

namespace recurve {

// Translates a schedule of checkpoint_schedules to actions of action.h, one by one, for a ScheduleVerifier. RAM is the
// store, DISK the host store. Where the two vocabularies differ:
//   * the caller keeps state 0: storing it costs nothing;
//   * adjoint data becomes tapes in the store, whatever its storage, since the host holds no tapes; moving it to WORK
//     costs nothing, and it is dropped when it is reversed. The last step before a reverse is taped in the working set
//     if its data goes to WORK;
//   * whatever is still stored at EndReverse is dropped.
// Memory is O(objects stored at once). Not thread-safe.
//
//   ActionImporter importer;
//   std::vector<ActionImporter::Imported> actions;
//   for (...) RETURN_IF_ERROR(importer.Add(action, line, actions));
//   absl::Status status = importer.CheckEnded();
class ActionImporter {
 public:
  struct Imported {
    Action action;
    int64_t source;  // the `source` given to Add with the action that it comes from
  };

  // Appends the translation of `action` to `out`, preceded by any deferred actions. FAILED_PRECONDITION when the action
  // uses data that is not in that storage; INVALID_ARGUMENT when it cannot be translated; both with the reason only.
  // The importer must not be used after an error.
  absl::Status Add(const CheckpointAction& action, int64_t source, std::vector<Imported>& out);

  // FAILED_PRECONDITION if EndReverse has not been added.
  absl::Status CheckEnded() const;

 private:
  using Storage = CheckpointAction::Storage;

  // The data stored under a step.
  struct Snapshot {
    bool restart_data;
    int64_t tapes_end;  // adjoint data of steps [step, tapes_end)
  };
  // A state that has been copied or moved to WORK, and from which no step has run yet.
  struct Read {
    int64_t state;
    Level level;
    bool moved;
    int64_t source;
  };

  absl::Status AddForward(const CheckpointAction& action, int64_t source, std::vector<Imported>& out);
  absl::Status AddReverse(const CheckpointAction& action, int64_t source, std::vector<Imported>& out);
  absl::Status AddTransfer(const CheckpointAction& action, int64_t source, std::vector<Imported>& out);
  absl::Status Load(const CheckpointAction& action, const Snapshot& snapshot, int64_t source);
  void End(int64_t source, std::vector<Imported>& out);

  // Each emits a deferred action: a forward that tapes into WORK, until it is known whether its reverse comes next, or
  // the discard of a state that a reverse may still need.
  void EmitTaped(int64_t reversed_end, std::vector<Imported>& out);
  void DropLeftover(std::vector<Imported>& out);
  void DropMoved(std::vector<Imported>& out);

  void Emit(const Action& action, int64_t source, std::vector<Imported>& out);
  void EmitDiscard(int64_t state, Level level, int64_t source, std::vector<Imported>& out);
  RangeSet& Written(Level level) { return level == Level::kHost ? host_ : device_; }

  absl::btree_map<std::pair<Storage, int64_t>, Snapshot> snapshots_;
  RangeSet device_;                // states written to the store
  RangeSet host_;                  // states written to the host store
  RangeSet stored_tapes_;          // links
  RangeSet work_;                  // links whose adjoint data is in WORK
  std::optional<Imported> taped_;  // the deferred forward
  std::optional<Read> read_;
  std::optional<Imported> leftover_;  // deferred discard of a state stored with a tape that has been reversed
  bool ended_ = false;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CHECKPOINT_SCHEDULES_ACTION_IMPORTER_H_
