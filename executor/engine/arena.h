// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_ENGINE_ARENA_H_
#define RECURVE_EXECUTOR_ENGINE_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "executor/backend/backend.h"
#include "planner_service/model/memory_ledger.h"

namespace recurve {

// All device memory of a job, or all its host memory: a single allocation, from which all pieces are taken, and what
// the backend and the process hold in addition. Pieces form a stack: the last one taken is the first one freed, which
// is the order in which a schedule stores (planner_service/schedule/action.h), so there is no fragmentation. Memory for
// the lifetime of the job is taken first and never freed. Tracks live bytes by kind and their peak. Not thread-safe.
//
//   auto arena = Arena::Create(backend, fixed.total() + store_bytes, pieces);
//   std::byte* tape = (*arena)->Push(MemoryKind::kTapes, bytes);  ...  (*arena)->Pop();
class Arena {
 public:
  // An arena of `bytes` in total, for up to `pieces` pieces at a time, zeroed. The backend's OwnBytes and
  // `process_bytes` (MemoryKind::kProcess) are part of the total but held elsewhere: they are live from the start and
  // not allocated. Errors: RESOURCE_EXHAUSTED if the device has insufficient memory.
  static absl::StatusOr<std::unique_ptr<Arena>> Create(Backend& backend, int64_t bytes, int64_t pieces,
                                                       int64_t process_bytes = 0);
  // The same for host memory, for transfers.
  static absl::StatusOr<std::unique_ptr<Arena>> CreateOnHost(Backend& backend, int64_t bytes, int64_t pieces);

  // An aligned piece of AlignUp(bytes); null if there is insufficient memory or no piece left.
  std::byte* Push(MemoryKind kind, int64_t bytes);
  // Frees the last piece. There must be one.
  void Pop();

  int64_t max_pieces() const { return static_cast<int64_t>(pieces_.capacity()); }
  int64_t size() const { return beside_bytes_ + memory_->size(); }
  const Ledger& live() const { return live_; }
  int64_t live_bytes() const { return beside_bytes_ + top_; }
  int64_t peak_bytes() const { return peak_bytes_; }  // the maximum of live_bytes() so far
  const Ledger& peak() const { return peak_; }        // the live bytes by kind when it was first reached

 private:
  struct Piece {
    MemoryKind kind;
    int64_t bytes;
  };

  // `beside`: live bytes outside `memory`.
  Arena(std::unique_ptr<DeviceMemory> memory, const Ledger& beside, int64_t pieces);

  const std::unique_ptr<DeviceMemory> memory_;
  const int64_t beside_bytes_;
  std::vector<Piece> pieces_;  // never exceeds its reserved capacity
  Ledger live_;
  Ledger peak_;
  int64_t top_ = 0;  // of memory_
  int64_t peak_bytes_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_ENGINE_ARENA_H_
