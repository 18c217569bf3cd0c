// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/event_log.h"

#include <utility>

namespace recurve {

void EventLog::Append(executor::v1::JobEvent event) {
  const int64_t sequence = ++last_;
  event.set_sequence(sequence);
  const auto kind = event.event_case();
  events_.emplace_hint(events_.end(), sequence, std::move(event));
  if (kind == executor::v1::JobEvent::kProgress) {
    progress_.push_back(sequence);
    Bound(progress_, keep_progress_);
  } else if (kind == executor::v1::JobEvent::kCheckpoint || kind == executor::v1::JobEvent::kEvaluation) {
    checkpoints_.push_back(sequence);
    Bound(checkpoints_, keep_checkpoints_);
  }
}

const executor::v1::JobEvent* EventLog::Next(int64_t from) const {
  const auto found = events_.lower_bound(from);
  return found == events_.end() ? nullptr : &found->second;
}

void EventLog::Bound(std::deque<int64_t>& ring, int64_t keep) {
  while (static_cast<int64_t>(ring.size()) > keep) {
    events_.erase(ring.front());
    ring.pop_front();
  }
}

}  // namespace recurve
