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

// All device memory of a job, or all its memory on the host: one allocation, made once, of which every piece is a
// stretch, and what backend and process hold beside it. A stack: what was taken last is given back first, which is the
// order in which a schedule stores (planner_service/schedule/action.h), so that no byte is lost to gaps. What lasts as
// long as the job is taken first and never given back. Counts what is live by kind and remembers the most that ever
// was. Not thread-safe.
//
//   auto arena = Arena::Create(backend, fixed.total() + store_bytes, pieces);
//   std::byte* tape = (*arena)->Push(MemoryKind::kTapes, bytes);  ...  (*arena)->Pop();
class Arena {
 public:
  // `bytes` in all: takes from `backend` what is beyond its OwnBytes and `process_bytes`, which somebody else holds
  // (MemoryKind::kProcess); both are live from the start. For up to `pieces` pieces at a time. All bytes are 0.
  // RESOURCE_EXHAUSTED when the device has not so many.
  static absl::StatusOr<std::unique_ptr<Arena>> Create(Backend& backend, int64_t bytes, int64_t pieces,
                                                       int64_t process_bytes = 0);
  // The same of memory of the host, for transfers.
  static absl::StatusOr<std::unique_ptr<Arena>> CreateOnHost(Backend& backend, int64_t bytes, int64_t pieces);

  // A piece of AlignUp(bytes), aligned; null when the arena has no such many bytes, or no more pieces, left.
  std::byte* Push(MemoryKind kind, int64_t bytes);
  // Gives the last piece back. There must be one.
  void Pop();

  int64_t max_pieces() const { return static_cast<int64_t>(pieces_.capacity()); }
  int64_t size() const { return beside_bytes_ + memory_->size(); }
  const Ledger& live() const { return live_; }
  int64_t live_bytes() const { return beside_bytes_ + top_; }
  int64_t peak_bytes() const { return peak_bytes_; }  // the most live_bytes() ever was
  const Ledger& peak() const { return peak_; }        // what was live when that was first so

 private:
  struct Piece {
    MemoryKind kind;
    int64_t bytes;
  };

  // `beside`: what is live outside `memory`.
  Arena(std::unique_ptr<DeviceMemory> memory, const Ledger& beside, int64_t pieces);

  const std::unique_ptr<DeviceMemory> memory_;
  const int64_t beside_bytes_;
  std::vector<Piece> pieces_;  // never grows beyond what was reserved
  Ledger live_;
  Ledger peak_;
  int64_t top_ = 0;  // of memory_
  int64_t peak_bytes_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_ENGINE_ARENA_H_
