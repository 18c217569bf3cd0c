// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/solve_gate.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "planner_service/status/retry_delay.h"
#include "planner_service/text/units.h"

namespace recurve {
namespace {

using Seconds = std::chrono::duration<double>;

// How often a waiting request checks for cancellation. The interval grows, so that hundreds of waiting requests do not
// take processor time from those that are solved.
constexpr std::chrono::milliseconds kFirstTurnPoll{1};
constexpr std::chrono::milliseconds kLongestTurnPoll{50};

constexpr double kWeightOfLast = 0.2;  // of a solve in recent_seconds

std::string Duration(Seconds seconds) {
  return FormatDuration(std::chrono::duration_cast<std::chrono::milliseconds>(seconds));
}

}  // namespace

absl::Status SolveGate::CheckPrice(const Price& price) const {
  if (Seconds(price.least_seconds) > limits_.longest_solve) {
    metrics_.price_refusals_time.Increment();
    return absl::FailedPreconditionError(
        absl::StrCat("the request takes about ", Duration(Seconds(price.least_seconds)),
                     " of solving or more; this server allows ", FormatDuration(limits_.longest_solve),
                     " (--max-solve-time): ", price.remedy, ", or solve it without the server"));
  }
  if (price.bytes > limits_.max_bytes) {
    metrics_.price_refusals_memory.Increment();
    return absl::FailedPreconditionError(absl::StrCat("the request takes up to ", FormatBytes(price.bytes),
                                                      " of memory; this server has ", FormatBytes(limits_.max_bytes),
                                                      " for solving (--memory-limit): ", price.remedy,
                                                      ", or solve it without the server"));
  }
  const auto left = CallScope::Current().deadline - std::chrono::system_clock::now();
  if (Seconds(price.least_seconds) <= left || price.least_seconds == 0) return absl::OkStatus();
  return absl::DeadlineExceededError(absl::StrCat("the request takes about ", Duration(Seconds(price.least_seconds)),
                                                  " of solving or more; its deadline is in ",
                                                  Duration(std::max(Seconds(0), Seconds(left)))));
}

absl::Status SolveGate::Enter(const Price& price, const CancelCheck& cancelled) {
  const CallOrigin& origin = CallScope::Current();
  Waiter self{.price = price, .client = origin.client};
  RETURN_IF_ERROR(Join(self, origin));
  return Wait(self, cancelled);
}

// Puts the waiter into its queue, admits it if there is room, and rejects one request if too many are waiting.
absl::Status SolveGate::Join(Waiter& waiter, const CallOrigin& origin) {
  const Lane lane = waiter.price.lane();
  const MutexLock lock(mutex_);
  Queue& queue = QueueOf(lane);
  const Seconds wait = WaitOf(lane, origin.client);
  queue.waiting.Push(origin.client, waiter);
  Admit();
  if (waiter.state == State::kWaiting && wait > origin.deadline - std::chrono::system_clock::now()) {
    queue.waiting.Remove(origin.client, waiter);
    metrics_.shed.Increment();
    return WithRetryDelay(
        absl::ResourceExhaustedError(absl::StrCat("the planner is busy: the request would wait for about ",
                                                  Duration(wait), ", beyond its deadline; try again later")));
  }
  if (queue.waiting.size() > static_cast<size_t>(limits_.max_waiting)) {
    Waiter& excess = queue.waiting.Excess(origin.client);
    queue.waiting.Remove(excess.client, excess);
    excess.state = State::kRejected;
    excess.changed.notify_one();
    metrics_.shed.Increment();
  }
  CountWaiting(lane);
  return absl::OkStatus();
}

absl::Status SolveGate::Wait(Waiter& waiter, const CancelCheck& cancelled) {
  std::chrono::milliseconds poll = kFirstTurnPoll;
  MutexLock lock(mutex_);
  Queue& queue = QueueOf(waiter.price.lane());
  while (waiter.state == State::kWaiting) {
    waiter.changed.wait_for(lock, poll);
    if (waiter.state != State::kWaiting) break;
    poll = std::min(2 * poll, kLongestTurnPoll);
    lock.unlock();  // the callback may take its own locks
    const bool gone = cancelled && cancelled();
    lock.lock();
    if (!gone || waiter.state != State::kWaiting) continue;
    queue.waiting.Remove(waiter.client, waiter);
    CountWaiting(waiter.price.lane());
    return absl::CancelledError("cancelled while waiting for a free solver");
  }
  if (waiter.state == State::kAdmitted) return absl::OkStatus();
  return WithRetryDelay(absl::ResourceExhaustedError(
      absl::StrCat("the planner is busy: ", queue.solving, " requests of this size are being solved and ",
                   queue.waiting.size(), " are waiting; try again later")));
}

void SolveGate::Leave(const Price& price, Seconds solve_time) {
  metrics_.solve_seconds.Observe(solve_time.count());
  const MutexLock lock(mutex_);
  Queue& queue = QueueOf(price.lane());
  --queue.solving;
  if (price.lane() == Lane::kLarge) large_bytes_ -= price.bytes;
  queue.recent_seconds += kWeightOfLast * (solve_time.count() - queue.recent_seconds);
  metrics_.solves_in_flight.Decrement();
  Admit();
}

void SolveGate::Admit() {
  for (const Lane lane : {Lane::kSmall, Lane::kLarge}) {
    Queue& queue = QueueOf(lane);
    while (!queue.waiting.empty() && MayStart(lane)) {
      Waiter& next = queue.waiting.Pop();
      next.state = State::kAdmitted;
      next.changed.notify_one();
      ++queue.solving;
      if (lane == Lane::kLarge) large_bytes_ += next.price.bytes;
      metrics_.solves_in_flight.Increment();
    }
    CountWaiting(lane);
  }
}

bool SolveGate::MayStart(Lane lane) {
  const Queue& small = QueueOf(Lane::kSmall);
  const Queue& large = QueueOf(Lane::kLarge);
  if (small.solving + large.solving >= slots_) return false;
  if (lane == Lane::kSmall) return large.waiting.empty() || large.solving > 0 || small.solving + 1 < slots_;
  if (large.solving == 0) return slots_ > 1;
  return small.waiting.empty() && large.solving + 1 < slots_ &&
         large.waiting.Next().price.bytes <= limits_.max_bytes - large_bytes_;
}

Seconds SolveGate::WaitOf(Lane lane, const std::string& client) {
  const Queue& queue = QueueOf(lane);
  double seconds = 0;
  queue.waiting.VisitBefore(client, [&](const Waiter& waiter) {
    seconds += std::clamp(queue.recent_seconds, waiter.price.least_seconds, waiter.price.most_seconds);
  });
  return Seconds(seconds / std::max(1, lane == Lane::kLarge ? slots_ - 1 : slots_));
}

void SolveGate::CountWaiting(Lane lane) {
  metrics_.solves_waiting[static_cast<size_t>(lane)]->Set(static_cast<double>(QueueOf(lane).waiting.size()));
}

absl::Status SolveGate::TakesTooLong(const Price& price) const {
  return absl::FailedPreconditionError(absl::StrCat("no answer after ", FormatDuration(limits_.longest_solve),
                                                    " of solving, this server's limit for one request "
                                                    "(--max-solve-time): ",
                                                    price.remedy, ", or solve it without the server"));
}

}  // namespace recurve
