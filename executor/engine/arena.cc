// SPDX-License-Identifier: Apache-2.0
#include "executor/engine/arena.h"

#include <utility>

#include "planner_service/status/status_macros.h"

namespace recurve {

absl::StatusOr<std::unique_ptr<Arena>> Arena::Create(Backend& backend, int64_t bytes, int64_t pieces,
                                                     int64_t process_bytes) {
  Ledger beside;
  beside[MemoryKind::kBackend] = backend.OwnBytes();
  beside[MemoryKind::kProcess] = process_bytes;
  ASSIGN_OR_RETURN(std::unique_ptr<DeviceMemory> memory, backend.Allocate(bytes - beside.total()));
  // Zeroed because copies of whole states read the padding of tensors.
  backend.Zero(memory->data(), memory->size());
  return std::unique_ptr<Arena>(new Arena(std::move(memory), beside, pieces));
}

absl::StatusOr<std::unique_ptr<Arena>> Arena::CreateOnHost(Backend& backend, int64_t bytes, int64_t pieces) {
  ASSIGN_OR_RETURN(std::unique_ptr<DeviceMemory> memory, backend.AllocateHost(bytes));
  return std::unique_ptr<Arena>(new Arena(std::move(memory), /*beside=*/{}, pieces));
}

Arena::Arena(std::unique_ptr<DeviceMemory> memory, const Ledger& beside, int64_t pieces)
    : memory_(std::move(memory)),
      beside_bytes_(beside.total()),
      live_(beside),
      peak_(beside),
      peak_bytes_(beside.total()) {
  pieces_.reserve(pieces);
}

std::byte* Arena::Push(MemoryKind kind, int64_t bytes) {
  const int64_t padded = AlignUp(bytes);
  if (padded > memory_->size() - top_ || pieces_.size() == pieces_.capacity()) return nullptr;
  std::byte* piece = memory_->data() + top_;
  pieces_.push_back({.kind = kind, .bytes = padded});
  live_[kind] += padded;
  top_ += padded;
  if (live_bytes() > peak_bytes_) {
    peak_bytes_ = live_bytes();
    peak_ = live_;
  }
  return piece;
}

void Arena::Pop() {
  const Piece piece = pieces_.back();
  pieces_.pop_back();
  live_[piece.kind] -= piece.bytes;
  top_ -= piece.bytes;
}

}  // namespace recurve
