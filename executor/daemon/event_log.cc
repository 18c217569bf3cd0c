// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/event_log.h"

#include <algorithm>
#include <utility>

namespace recurve {

void EventLog::Append(executor::v1::JobEvent event) {
  event.set_sequence(++last_);
  Keep(std::move(event));
}

void EventLog::Restore(std::vector<executor::v1::JobEvent> events, int64_t last) {
  for (executor::v1::JobEvent& event : events) {
    last_ = std::max(last_, event.sequence());
    Keep(std::move(event));
  }
  last_ = std::max(last_, last);
}

void EventLog::Keep(executor::v1::JobEvent event) {
  const int64_t sequence = event.sequence();
  const auto kind = event.event_case();
  events_.emplace_hint(events_.end(), sequence, std::move(event));
  if (kind == executor::v1::JobEvent::kProgress) {
    progress_.insert(sequence);
    Bound(progress_, keep_progress_);
  } else if (kind == executor::v1::JobEvent::kCheckpoint || kind == executor::v1::JobEvent::kEvaluation) {
    checkpoints_.insert(sequence);
    Bound(checkpoints_, keep_checkpoints_);
  }
}

void EventLog::Clear() {
  events_.clear();
  progress_ = {};
  checkpoints_ = {};
  dropped_ = {};
}

const executor::v1::JobEvent* EventLog::Next(int64_t from) const {
  const auto found = events_.lower_bound(from);
  return found == events_.end() ? nullptr : &found->second;
}

void EventLog::Bound(std::set<int64_t>& numbers, int64_t keep) {
  while (static_cast<int64_t>(numbers.size()) > keep) {
    const int64_t oldest = *numbers.begin();
    events_.erase(oldest);
    dropped_.push_back(oldest);
    numbers.erase(numbers.begin());
  }
}

}  // namespace recurve
