// SPDX-License-Identifier: Apache-2.0
//
// Writing the changes of a store to its database. One thread writes at a time, all changes so far in one transaction,
// so that callers who wait at the same time share the cost of waiting for the disk.
#include <spdlog/spdlog.h>

#include <chrono>

#include "executor/daemon/job_store.h"

namespace recurve {
namespace {

constexpr std::chrono::seconds kSaveInterval{1};

}  // namespace

absl::Status JobStore::Save() {
  const MutexLock saving(save_mutex_);
  std::vector<JobChange> changes;
  {
    const MutexLock lock(mutex_);
    changes = TakeChanges();
  }
  if (changes.empty()) return absl::OkStatus();
  absl::Status status = database_->Write(changes);
  const MutexLock lock(mutex_);
  Saved(changes, status.ok());
  if (!status.ok() && !saving_fails_) {
    spdlog::error("{}; jobs go on, and their changes are saved later", std::string(status.message()));
  }
  if (status.ok() && saving_fails_) spdlog::info("the changes of jobs are saved again");
  saving_fails_ = !status.ok();
  return status;
}

void JobStore::SaveOrLog() { Save().IgnoreError(); }

std::vector<JobChange> JobStore::TakeChanges() {
  std::vector<JobChange> changes;
  for (const int64_t number : unsaved_) {
    const auto found = jobs_.find(number);
    if (found == jobs_.end()) continue;
    Entry& entry = found->second;
    JobChange& change = changes.emplace_back();
    change.stored = {.number = number,
                     .request_key = entry.request_key,
                     .request = entry.request,
                     .job = entry.job,
                     .crashes = entry.crashes,
                     .memory_bytes = entry.memory_bytes};
    for (int64_t from = entry.saved_through + 1; const executor::v1::JobEvent* event = entry.log.Next(from);) {
      change.events.push_back(*event);
      from = event->sequence() + 1;
    }
    change.dropped = entry.log.TakeDropped();
  }
  unsaved_.clear();
  return changes;
}

void JobStore::Saved(const std::vector<JobChange>& changes, bool ok) {
  for (const JobChange& change : changes) {
    const auto found = jobs_.find(change.stored.number);
    if (found == jobs_.end()) continue;
    Entry& entry = found->second;
    if (!ok) {
      unsaved_.insert(entry.number);
      // Events after these were never on disk.
      for (const int64_t sequence : change.dropped) {
        if (sequence <= entry.saved_through) entry.log.ReturnDropped(sequence);
      }
      continue;
    }
    entry.request.clear();
    if (!change.events.empty()) entry.saved_through = change.events.back().sequence();
    // The events of an ended job are read from the database from now on.
    if (HasEnded(entry.job.state()) && unsaved_.count(entry.number) == 0) {
      entry.log.Clear();
      entry.log_on_disk = true;
    }
  }
}

void JobStore::SaveRegularly() {
  bool closing = false;
  while (!closing) {
    SaveOrLog();
    MutexLock lock(mutex_);
    if (!closing_) saver_wakes_.wait_for(lock, kSaveInterval);
    closing = closing_;
  }
  SaveOrLog();
}

}  // namespace recurve
