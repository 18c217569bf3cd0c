// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_EVENT_LOG_H_
#define RECURVE_EXECUTOR_DAEMON_EVENT_LOG_H_

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "recurve/executor/v1/executor.pb.h"

namespace recurve {

// The events of one job, in increasing order of their sequence numbers. Only the newest progress events, and the newest
// checkpoint and evaluation events, are kept, which bounds the memory of a job. State changes and notes, of which a job
// has few, are all kept. Not thread-safe.
//
//   EventLog log(1024, 1024);
//   log.Append(event);
//   for (int64_t next = 1; const executor::v1::JobEvent* event = log.Next(next); next = event->sequence() + 1) ...
class EventLog {
 public:
  EventLog(int64_t keep_progress, int64_t keep_checkpoints)
      : keep_progress_(keep_progress), keep_checkpoints_(keep_checkpoints) {}

  // Stores `event` under the next number. Amortized O(log kept).
  void Append(executor::v1::JobEvent event);

  // Stores events of an earlier process, with their numbers. Later events have numbers above `last`, too.
  void Restore(std::vector<executor::v1::JobEvent> events, int64_t last);

  // Forgets all events.
  void Clear();

  // The number of the last event; 0 if there was none.
  int64_t last() const { return last_; }

  // The numbers of the events that were dropped since the last call.
  std::vector<int64_t> TakeDropped() { return std::exchange(dropped_, {}); }

  // Returns such a number to the log, which gives it to the next caller of TakeDropped.
  void ReturnDropped(int64_t sequence) { dropped_.push_back(sequence); }

  // The oldest kept event with a sequence number of at least `from`, or null. Valid until the next Append. O(log kept).
  const executor::v1::JobEvent* Next(int64_t from) const;

  int64_t size() const { return static_cast<int64_t>(events_.size()); }

 private:
  void Keep(executor::v1::JobEvent event);
  void Bound(std::set<int64_t>& numbers, int64_t keep);

  const int64_t keep_progress_;
  const int64_t keep_checkpoints_;
  std::map<int64_t, executor::v1::JobEvent> events_;  // by sequence number
  // Sequence numbers. Sets, because an empty std::deque takes over half a KiB, and most logs of a daemon are empty.
  std::set<int64_t> progress_;
  std::set<int64_t> checkpoints_;
  std::vector<int64_t> dropped_;
  int64_t last_ = 0;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_EVENT_LOG_H_
