// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/solve_gate.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

// How often a waiting request checks for cancellation.
constexpr std::chrono::milliseconds kPoll{5};

}  // namespace

absl::Status SolveGate::Enter(const CancelCheck& cancelled) {
  MutexLock lock(mutex_);
  if (!HasRoom() && waiting_ >= limits_.max_waiting) {
    metrics_.shed.Increment();
    return absl::ResourceExhaustedError(absl::StrCat("the planner is busy: ", solving_, " plans are being solved and ",
                                                     waiting_, " are waiting; try again later"));
  }
  ++waiting_;
  metrics_.solves_waiting.Set(waiting_);
  absl::Status status;
  while (status.ok() &&
         !room_.wait_for(lock, kPoll, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return HasRoom(); })) {
    lock.unlock();  // the callback may take its own locks
    if (cancelled && cancelled()) status = absl::CancelledError("cancelled while waiting for a free solver");
    lock.lock();
  }
  --waiting_;
  metrics_.solves_waiting.Set(waiting_);
  if (!status.ok()) return status;
  metrics_.solves_in_flight.Set(++solving_);
  return status;
}

void SolveGate::Leave(std::chrono::duration<double> solve_time) {
  metrics_.solve_seconds.Observe(solve_time.count());
  {
    const MutexLock lock(mutex_);
    metrics_.solves_in_flight.Set(--solving_);
  }
  room_.notify_one();
}

absl::Status SolveGate::TakesTooLong() const {
  return absl::ResourceExhaustedError(absl::StrCat("no answer after ", FormatDuration(limits_.longest_solve),
                                                   " of solving, this server's limit for one request; divide the "
                                                   "request, or solve it without the server"));
}

}  // namespace recurve
