// SPDX-License-Identifier: Apache-2.0
//
// Opening a store, finding jobs, and the changes that clients ask for.
#include "executor/daemon/job_store.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "executor/codec/job_codec.h"
#include "executor/daemon/job_times.h"
#include "executor/daemon/ownership.h"
#include "executor/daemon/redaction.h"
#include "planner_service/process/failures.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/trace/trace_context.h"

namespace recurve {

using executor::v1::Job;
using executor::v1::JobState;

bool HasEnded(JobState state) {
  return state == executor::v1::JOB_STATE_SUCCEEDED || state == executor::v1::JOB_STATE_FAILED ||
         state == executor::v1::JOB_STATE_CANCELLED;
}

bool IsActive(JobState state) {
  return state == executor::v1::JOB_STATE_PLANNING || state == executor::v1::JOB_STATE_RUNNING;
}

LogIds LogIdsOf(const Job& job) {
  const TraceContext trace = ParseTraceparent(job.traceparent()).value_or(TraceContext());
  return {.job_id = job.id(), .trace_id = trace.trace_id, .span_id = trace.span_id};
}

JobStore::JobStore(JobStoreOptions options, std::unique_ptr<JobDatabase> database)
    : options_(std::move(options)), database_(std::move(database)), prefix_(database_->id() + "-") {}

absl::StatusOr<std::unique_ptr<JobStore>> JobStore::Open(JobStoreOptions options,
                                                         std::unique_ptr<JobDatabase> database) {
  std::unique_ptr<JobStore> store(new JobStore(std::move(options), std::move(database)));
  RETURN_IF_ERROR(store->Load());
  RETURN_IF_ERROR(store->Save());
  ASSIGN_OR_RETURN(store->saver_, StartThread("saving jobs", [raw = store.get()] { raw->SaveRegularly(); }));
  return store;
}

JobStore::~JobStore() {
  {
    const MutexLock lock(mutex_);
    closing_ = true;
    saver_wakes_.notify_all();
  }
  if (saver_.joinable()) saver_.join();
}

absl::Status JobStore::Load() {
  ASSIGN_OR_RETURN(std::vector<StoredJob> stored, database_->Jobs());
  ASSIGN_OR_RETURN(const int64_t last_number, database_->LastNumber());
  const MutexLock lock(mutex_);
  last_number_ = last_number;
  for (const DeviceBudget& device : options_.devices) options_.on_promise(device, 0);
  for (StoredJob& job : stored) RETURN_IF_ERROR(LoadJob(std::move(job)));
  RemoveAbandonedDirectories();
  return absl::OkStatus();
}

absl::Status JobStore::LoadJob(StoredJob stored) {
  const int64_t number = stored.number;
  if (stored.job.id() != IdOf(number)) {
    return absl::DataLossError(absl::StrCat("the job database: it is damaged: job ", number, " has the id ",
                                            stored.job.id(), ", which is not ", IdOf(number)));
  }
  Entry& entry = jobs_.try_emplace(number, number, options_).first->second;
  entry.job = std::move(stored.job);
  entry.request_key = std::move(stored.request_key);
  if (!entry.request_key.empty()) requests_[entry.request_key] = number;
  entry.crashes = stored.crashes;
  entry.memory_bytes = stored.memory_bytes;
  entry.accepted = true;
  options_.on_state_count(entry.job.state(), +1);
  if (HasEnded(entry.job.state())) {
    entry.log_on_disk = true;
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(std::vector<executor::v1::JobEvent> events, database_->Events(number));
  // Numbers above any that an earlier process may have given to an event that it did not save.
  entry.log.Restore(std::move(events), (database_->opens() - 1) << 32);
  entry.saved_through = entry.log.last();
  entry.queue_time = options_.clock();
  Recover(entry);
  return absl::OkStatus();
}

void JobStore::Recover(Entry& entry) {
  const JobState state = entry.job.state();
  entry.job.set_promised_bytes(0);
  if (const absl::StatusOr<JobSpec> spec = DecodeJobSpec(entry.job.spec()); !spec.ok()) {
    EndEntry(entry, executor::v1::JOB_STATE_FAILED,
             absl::StrCat("this version of the daemon cannot run it: ", spec.status().message()));
    return;
  }
  if (state == executor::v1::JOB_STATE_PAUSED) return;
  const CrashReport& crash = options_.crash;
  const bool suspect = crash.suspects.empty() || crash.suspects.count(entry.number) > 0;
  if (IsActive(state) && crash.fault && suspect && ++entry.crashes >= kMostCrashes) {
    EndEntry(entry, executor::v1::JOB_STATE_FAILED,
             absl::StrCat("the daemon crashed ", entry.crashes,
                          " times in a row while it ran this job, by a fault or for lack of memory"));
    return;
  }
  if (entry.job.starts() > 0 && !options_.resume_jobs) {
    ChangeState(entry, executor::v1::JOB_STATE_PAUSED, "the daemon was restarted with --resume-jobs=false");
    return;
  }
  if (IsActive(state)) {
    ChangeState(entry, executor::v1::JOB_STATE_QUEUED,
                "the daemon was restarted; the job continues from its last checkpoint");
  }
  queue_.insert(entry.number);
}

// Left by a deletion that was interrupted.
void JobStore::RemoveAbandonedDirectories() {
  if (options_.jobs_directory.empty()) return;
  std::error_code ignored;
  std::filesystem::directory_iterator folders(options_.jobs_directory, ignored);
  if (ignored) return;
  for (const auto& folder : folders) {
    const std::string id = folder.path().filename().string();
    if (NumberOf(id) && Find(id) == nullptr) std::filesystem::remove_all(folder.path(), ignored);
  }
}

std::string JobStore::IdOf(int64_t number) const { return absl::StrCat(prefix_, number); }

std::optional<int64_t> JobStore::NumberOf(const std::string& id) const {
  int64_t number = 0;
  if (id.compare(0, prefix_.size(), prefix_) != 0) return std::nullopt;
  if (!absl::SimpleAtoi(id.substr(prefix_.size()), &number) || IdOf(number) != id) return std::nullopt;
  return number;
}

absl::Status JobStore::NotFound(const std::string& id) {
  if (id.empty()) return absl::NotFoundError("id is empty; give an id returned by CreateJob or ListJobs");
  return absl::NotFoundError(
      absl::StrCat("no job has the id \"", id.substr(0, 64), "\"; it was deleted, or belongs to another daemon"));
}

const JobStore::Entry* JobStore::Find(const std::string& id) const {
  const std::optional<int64_t> number = NumberOf(id);
  if (!number.has_value()) return nullptr;
  const auto found = jobs_.find(*number);
  return found == jobs_.end() || !found->second.accepted ? nullptr : &found->second;
}

JobStore::Entry* JobStore::Find(const std::string& id) {
  return const_cast<Entry*>(static_cast<const JobStore*>(this)->Find(id));
}

std::string JobStore::DirectoryOf(const std::string& id) const {
  return options_.jobs_directory.empty() ? "" : absl::StrCat(options_.jobs_directory, "/", id);
}

absl::StatusOr<Job> JobStore::Get(const std::string& id, const Caller& caller) const {
  const MutexLock lock(mutex_);
  const Entry* entry = Find(id);
  if (entry == nullptr) return NotFound(id);
  Job job = entry->job;
  if (!Owns(caller, job)) Redact(job);
  return job;
}

absl::StatusOr<Job> JobStore::GetOwn(const std::string& id, const Caller& caller) const {
  const MutexLock lock(mutex_);
  const Entry* entry = Find(id);
  if (entry == nullptr) return NotFound(id);
  RETURN_IF_ERROR(CheckOwner(caller, entry->job));
  return entry->job;
}

std::vector<std::string> JobStore::JobsOf(const std::string& owner) const {
  std::vector<std::string> ids;
  const MutexLock lock(mutex_);
  for (const auto& [number, entry] : jobs_) {
    if (entry.job.owner() == owner) ids.push_back(entry.job.id());
  }
  return ids;
}

absl::StatusOr<Job> JobStore::Change(const std::string& id, const Caller& caller,
                                     const std::function<absl::Status(Entry&)>& change) {
  absl::StatusOr<Job> job;
  Listeners listeners;
  {
    const MutexLock lock(mutex_);
    Entry* entry = Find(id);
    if (entry == nullptr) return NotFound(id);
    RETURN_IF_ERROR(CheckOwner(caller, entry->job));
    CollectListeners(*entry, listeners);
    RETURN_IF_ERROR(change(*entry));
    unsaved_.insert(entry->number);
    queue_changed_.notify_all();
    job = entry->job;
  }
  for (const auto& listener : listeners) listener->OnEvent();
  if (const absl::Status saved = Save(); !saved.ok()) {
    return absl::Status(saved.code(),
                        absl::StrCat("the change has taken effect but is not on disk yet: ", saved.message()));
  }
  return job;
}

namespace {

absl::Status CheckNotEnded(const Job& job, const char* action) {
  if (!HasEnded(job.state())) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("job ", job.id(), " is ",
                                                    executor::v1::JobState_Name(job.state()).substr(10),
                                                    "; a job that has ended cannot be ", action));
}

}  // namespace

absl::StatusOr<Job> JobStore::Cancel(const std::string& id, const Caller& caller) {
  return Change(id, caller, [&](Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!HasEnded(entry.job.state())) AskToStop(entry, StopRequest::Kind::kCancel, "cancelled by request");
    return absl::OkStatus();
  });
}

absl::StatusOr<Job> JobStore::Pause(const std::string& id, const Caller& caller) {
  return Change(id, caller, [&](Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) -> absl::Status {
    RETURN_IF_ERROR(CheckNotEnded(entry.job, "paused"));
    AskToStop(entry, StopRequest::Kind::kPause, "paused by request");
    return absl::OkStatus();
  });
}

absl::StatusOr<Job> JobStore::Resume(const std::string& id, const Caller& caller) {
  return Change(id, caller, [&](Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) -> absl::Status {
    RETURN_IF_ERROR(CheckNotEnded(entry.job, "resumed"));
    if (entry.job.state() == executor::v1::JOB_STATE_PAUSED) {
      RETURN_IF_ERROR(CheckQuotaOfQueue(entry.job.owner()));
      entry.queue_time = options_.clock();
      ChangeState(entry, executor::v1::JOB_STATE_QUEUED, "resumed by request");
    } else if (entry.stop_request.kind == StopRequest::Kind::kPause) {
      entry.stop_request = {StopRequest::Kind::kRequeue, "resumed by request"};
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<Job> JobStore::ChangeMemory(const std::string& id, const executor::v1::ChangeJobMemoryRequest& request,
                                           const Caller& caller) {
  return Change(id, caller, [&](Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) -> absl::Status {
    RETURN_IF_ERROR(CheckNotEnded(entry.job, "given other memory"));
    executor::v1::JobSpec spec = entry.job.spec();
    if (request.has_memory_bytes()) spec.set_memory_bytes(request.memory_bytes());
    if (request.has_activation_share()) spec.set_activation_share(request.activation_share());
    if (request.has_all_free()) spec.set_all_free(request.all_free());
    RETURN_IF_ERROR(DecodeJobSpec(spec).status());  // checks the range
    RETURN_IF_ERROR(CheckMemory(spec));
    *entry.job.mutable_spec() = std::move(spec);
    entry.memory_bytes = 0;
    entry.at_least = 1;
    if (IsActive(entry.job.state())) AskToStop(entry, StopRequest::Kind::kRequeue, "its memory was changed by request");
    return absl::OkStatus();
  });
}

absl::StatusOr<Job> JobStore::SetPriority(const std::string& id, int32_t priority, const Caller& caller) {
  return Change(id, caller, [&](Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) -> absl::Status {
    RETURN_IF_ERROR(CheckNotEnded(entry.job, "given another priority"));
    entry.job.set_priority(priority);
    return absl::OkStatus();
  });
}

absl::Status JobStore::Delete(const std::string& id, const Caller& caller) {
  int64_t number = 0;
  {
    const MutexLock lock(mutex_);
    const Entry* entry = Find(id);
    if (entry == nullptr) return NotFound(id);
    RETURN_IF_ERROR(CheckOwner(caller, entry->job));
    if (!HasEnded(entry->job.state())) {
      return absl::FailedPreconditionError(absl::StrCat("job ", id, " is ",
                                                        executor::v1::JobState_Name(entry->job.state()).substr(10),
                                                        "; only a job that has ended can be deleted. Cancel it first"));
    }
    number = entry->number;
  }
  {
    const MutexLock saving(save_mutex_);  // a change that is being written would bring the job back
    RETURN_IF_ERROR(database_->Delete(number));
    const MutexLock lock(mutex_);
    if (const Entry* entry = Find(id); entry != nullptr) {
      options_.on_state_count(entry->job.state(), -1);
      requests_.erase(entry->request_key);
      jobs_.erase(number);
      unsaved_.erase(number);
    }
  }
  std::error_code ignored;  // the next start of the daemon tries again
  if (!options_.jobs_directory.empty()) std::filesystem::remove_all(DirectoryOf(id), ignored);
  return absl::OkStatus();
}

absl::StatusOr<JobStore::NextEvent> JobStore::EventFrom(const std::string& id, int64_t from) const {
  {
    const MutexLock lock(mutex_);
    const Entry* entry = Find(id);
    if (entry == nullptr) return NotFound(id);
    if (!entry->log_on_disk) {
      if (const executor::v1::JobEvent* event = entry->log.Next(from)) return NextEvent{*event, false};
      if (shut_down_ && !IsActive(entry->job.state()) && !HasEnded(entry->job.state())) {
        return absl::UnavailableError("the daemon is shutting down; watch again once it has been restarted");
      }
      return NextEvent{std::nullopt, HasEnded(entry->job.state())};
    }
  }
  ASSIGN_OR_RETURN(std::optional<executor::v1::JobEvent> event, database_->EventFrom(*NumberOf(id), from));
  const bool ended = !event.has_value();
  return NextEvent{std::move(event), ended};
}

absl::Status JobStore::Listen(const std::string& id, std::weak_ptr<EventListener> listener) {
  Listeners alive;  // collected only to remove expired listeners
  const MutexLock lock(mutex_);
  Entry* entry = Find(id);
  if (entry == nullptr) return NotFound(id);
  CollectListeners(*entry, alive);
  if (!HasEnded(entry->job.state())) entry->listeners.push_back(std::move(listener));
  return absl::OkStatus();
}

void JobStore::ShutDown() {
  Listeners listeners;
  {
    const MutexLock lock(mutex_);
    shut_down_ = true;
    for (auto& [number, entry] : jobs_) {
      if (HasEnded(entry.job.state())) continue;
      CollectListeners(entry, listeners);
      if (IsActive(entry.job.state())) {
        AskToStop(entry, StopRequest::Kind::kRequeue, "the daemon was stopped; continues when it is started again");
      }
    }
    queue_changed_.notify_all();
  }
  for (const auto& listener : listeners) listener->OnEvent();
}

}  // namespace recurve
