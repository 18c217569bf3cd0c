// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/solve_gate.h"

#include <chrono>

#include "absl/strings/str_cat.h"

namespace recurve {
namespace {

// How often a request that waits looks whether it is still wanted.
constexpr std::chrono::milliseconds kPoll{5};

}  // namespace

absl::Status SolveGate::Enter(const CancelCheck& cancelled) {
  std::unique_lock lock(mutex_);
  if (!HasRoom() && waiting_ >= limits_.max_waiting) {
    metrics_.shed.Increment();
    return absl::ResourceExhaustedError(absl::StrCat("the planner is busy: ", solving_, " plans are being solved and ",
                                                     waiting_, " are waiting; try again later"));
  }
  ++waiting_;
  metrics_.solves_waiting.Set(waiting_);
  absl::Status status;
  while (status.ok() && !room_.wait_for(lock, kPoll, [this] { return HasRoom(); })) {
    lock.unlock();  // what the caller asks may take locks of its own
    if (cancelled && cancelled()) status = absl::CancelledError("cancelled while waiting for a free solver");
    lock.lock();
  }
  --waiting_;
  metrics_.solves_waiting.Set(waiting_);
  if (status.ok()) ++solving_;
  return status;
}

void SolveGate::Leave() {
  {
    const std::lock_guard lock(mutex_);
    --solving_;
  }
  room_.notify_one();
}

}  // namespace recurve
