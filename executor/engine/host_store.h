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

// The states that a sweep stores on the host, and the copies to and from them. Copies overlap with computation and
// start as early as possible:
//   * A state is stored from its running buffer. Release must be called before that buffer is overwritten, and orders
//     the write after the copy. There is at most one pending store.
//   * The next state that the schedule reads from the host, found by a second walk ahead of the first, is fetched into
//     the caller's memory as soon as it is stored and memory is available. There is at most one pending fetch.
// Nothing here waits; it only orders operations on the device. Not thread-safe. Schedules, backend and arena must
// outlive it.
class HostStore {
 public:
  // `arena`: host memory for the most that is stored at once; null if no schedule stores on the host.
  HostStore(Backend& backend, Arena* arena);

  // Called before a sweep by `schedule`, with nothing stored. Allocates nothing if the previous sweep had that
  // schedule.
  void Begin(const Schedule& schedule);
  // Called after a sweep, complete or not. Discards all states and orders later operations after pending copies.
  void End();

  bool empty() const { return states_.empty(); }
  // Starts to store `state`, of `bytes`, from a running buffer. Returns false if it does not follow the stored states,
  // or there is insufficient memory.
  bool Store(int64_t state, int64_t bytes, const std::byte* from);
  // Discards `state`. Returns false if it is not the last state stored.
  bool Discard(int64_t state);
  // Called before `memory` is written: orders later operations after a pending store that reads it.
  void Release(const std::byte* memory);

  // Whether a fetch can start: the next state to read is stored, and no fetch is pending.
  bool CanFetch() const;
  // Starts that fetch. `buffer` must be large enough for any state and must not be accessed until FinishFetch.
  void StartFetch(std::byte* buffer);
  const std::byte* fetching_into() const { return fetch_.buffer; }  // null: no fetch is pending
  // Orders later operations after the fetch of `state` and returns its buffer, which belongs to the caller again. Null
  // if `state` is not being fetched.
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
  std::vector<Stored> states_;          // a stack of increasing states; capacity: the arena's pieces
  const std::byte* storing_ = nullptr;  // what the pending store reads; null: none
  Transfer store_;
  Fetch fetch_;
  const Schedule* schedule_ = nullptr;  // walked by ahead_
  std::optional<ScheduleWalk> ahead_;   // just after the action that reads next_
  std::optional<int64_t> next_;         // the next state to fetch
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_ENGINE_HOST_STORE_H_
