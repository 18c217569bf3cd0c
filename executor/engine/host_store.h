// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_ENGINE_HOST_STORE_H_
#define RECURVE_EXECUTOR_ENGINE_HOST_STORE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "executor/backend/backend.h"
#include "executor/engine/arena.h"
#include "planner_service/schedule/schedule.h"

namespace recurve {

// The states that a sweep stores on the host, and the copies under way to and from there. Copies run beside the
// computation and start as early as they can:
//   * a state is stored from the running buffer that it is in. Whoever is about to write there says so by Release,
//     which puts the writing after the copy. One store is under way at a time;
//   * the next state that the schedule reads from the host, found by a second walk that goes ahead, is fetched into
//     memory of the caller's as soon as it is stored and there is such memory. One fetch is under way at a time.
// Nothing here waits: all of it is order among what the device was told. Not thread-safe; schedules, backend and arena
// must outlive it.
class HostStore {
 public:
  // `arena`: of the host, with bytes and pieces for what is stored at most; null when no schedule stores anything on
  // the host.
  HostStore(Backend& backend, Arena* arena);

  // Before a sweep by `schedule`. Nothing must be stored. Allocates nothing if it is the schedule of the sweep before.
  void Begin(const Schedule& schedule);
  // After a sweep, complete or not: nothing is stored, and no copy is under way to what is told the device afterwards.
  void End();

  bool empty() const { return states_.empty(); }
  // Starts to store `state`, of so many bytes, from a running buffer. False when it is not to the right of those
  // stored, or there is no room.
  bool Store(int64_t state, int64_t bytes, const std::byte* from);
  // Drops `state`. False when it is not the last that was stored.
  bool Discard(int64_t state);
  // Before `memory` is written: what is told the device afterwards begins after a store that reads it.
  void Release(const std::byte* memory);

  // Whether a fetch can be started now: the next state to be read is stored, and no other is being fetched.
  bool CanFetch() const;
  // Starts it. `buffer`, which is large enough for any state, must not be touched until FinishFetch.
  void StartFetch(std::byte* buffer);
  const std::byte* fetching_into() const { return fetch_.buffer; }  // null: no fetch is under way
  // What is told the device afterwards finds `state` in the memory returned, which is the caller's again. Null when it
  // is not the state that is being fetched.
  const std::byte* FinishFetch(int64_t state);

 private:
  struct Stored {
    int64_t state;
    int64_t bytes;
    std::byte* data;
  };
  struct Fetch {
    int64_t state = -1;
    std::byte* buffer = nullptr;
    Transfer transfer;
  };

  const Stored* Find(int64_t state) const;  // null: not stored
  void FindNext();
  void AwaitStore();

  Backend& backend_;
  Arena* const arena_;
  std::vector<Stored> states_;          // a stack, states increase; as many as the arena has pieces
  const std::byte* storing_ = nullptr;  // what the store under way reads; null: none is
  Transfer store_;
  Fetch fetch_;
  const Schedule* schedule_ = nullptr;  // that ahead_ walks
  std::optional<ScheduleWalk> ahead_;   // just behind the action that reads next_
  std::optional<int64_t> next_;         // the next state to be fetched
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_ENGINE_HOST_STORE_H_
