// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/job_store.h"

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/util/message_differencer.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

using executor::v1::Job;
using executor::v1::JobEvent;
using executor::v1::JobState;

constexpr char kShutDownReason[] = "the daemon was shut down";
constexpr int kDefaultPageSize = 100;
constexpr int kMaxPageSize = 1000;
// Ends a page early, so that a response always fits in a message.
constexpr size_t kMaxPageBytes = 1 << 20;

google::protobuf::Timestamp EncodeTime(absl::Time time) {
  google::protobuf::Timestamp message;
  const int64_t seconds = absl::ToUnixSeconds(time);
  message.set_seconds(seconds);
  message.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return message;
}

google::protobuf::Duration EncodeDuration(double seconds) {
  const absl::Duration duration = absl::Seconds(seconds);
  google::protobuf::Duration message;
  message.set_seconds(absl::ToInt64Seconds(duration));
  message.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration - absl::Seconds(message.seconds()))));
  return message;
}

// The creation time of the store, for readers, and 48 random bits: a daemon must not accept ids of another daemon, even
// one started within the same second.
std::string UniquePrefix(absl::Time now) {
  std::random_device random;
  return absl::StrCat(absl::FormatTime("%Y%m%dt%H%M%S", now, absl::UTCTimeZone()), "-",
                      absl::Hex(random(), absl::kZeroPad8), absl::Hex(random() & 0xFFFF, absl::kZeroPad4), "-");
}

}  // namespace

bool HasEnded(JobState state) {
  return state == executor::v1::JOB_STATE_SUCCEEDED || state == executor::v1::JOB_STATE_FAILED ||
         state == executor::v1::JOB_STATE_CANCELLED;
}

JobStore::JobStore(JobStoreOptions options) : options_(std::move(options)), prefix_(UniquePrefix(options_.clock())) {}

std::string JobStore::IdOf(int64_t number) const { return absl::StrCat(prefix_, number); }

std::optional<int64_t> JobStore::NumberOf(const std::string& id) const {
  int64_t number = 0;
  if (id.compare(0, prefix_.size(), prefix_) != 0) return std::nullopt;
  if (!absl::SimpleAtoi(id.substr(prefix_.size()), &number) || IdOf(number) != id) return std::nullopt;
  return number;
}

absl::Status JobStore::NotFound(const std::string& id) const {
  if (id.empty()) return absl::NotFoundError("id is empty; give an id returned by CreateJob or ListJobs");
  return absl::NotFoundError(absl::StrCat("no job has the id \"", id.substr(0, 64), "\"; the last ", options_.keep_jobs,
                                          " ended jobs are kept, and job history is lost on restart"));
}

const JobStore::Entry* JobStore::Find(const std::string& id) const {
  const std::optional<int64_t> number = NumberOf(id);
  if (!number.has_value()) return nullptr;
  const auto found = jobs_.find(*number);
  return found == jobs_.end() ? nullptr : &found->second;
}

JobStore::Entry* JobStore::Find(const std::string& id) {
  return const_cast<Entry*>(static_cast<const JobStore*>(this)->Find(id));
}

absl::StatusOr<Job> JobStore::Create(const std::string& request_id, const executor::v1::JobSpec& message,
                                     const JobSpec& spec) {
  const MutexLock lock(mutex_);
  if (const auto known = requests_.find(request_id); !request_id.empty() && known != requests_.end()) {
    const Job& job = jobs_.at(known->second).job;
    if (google::protobuf::util::MessageDifferencer::Equals(job.spec(), message)) return job;
    return absl::AlreadyExistsError(absl::StrCat("request_id \"", request_id, "\" belongs to job ", job.id(),
                                                 ", which has a different spec; choose another request_id"));
  }
  if (shut_down_) return absl::UnavailableError("the daemon is shutting down and accepts no jobs");
  if (static_cast<int64_t>(queue_.size()) >= options_.max_queued) {
    return absl::ResourceExhaustedError(absl::StrCat("the queue is full: ", queue_.size(),
                                                     " jobs are waiting; the limit is ", options_.max_queued,
                                                     " (--max-queued); retry later"));
  }
  const int64_t number = ++last_number_;
  Entry& entry = jobs_.try_emplace(number, options_.keep_progress, options_.keep_checkpoints).first->second;
  entry.spec = spec;
  entry.request_id = request_id;
  entry.create_time = options_.clock();
  entry.job.set_id(IdOf(number));
  *entry.job.mutable_spec() = message;
  *entry.job.mutable_create_time() = EncodeTime(entry.create_time);
  if (!request_id.empty()) requests_[request_id] = number;
  ChangeState(entry, executor::v1::JOB_STATE_QUEUED, "accepted");
  queue_.push_back(number);
  queue_changed_.notify_one();
  return entry.job;
}

absl::StatusOr<Job> JobStore::Get(const std::string& id) const {
  const MutexLock lock(mutex_);
  const Entry* entry = Find(id);
  if (entry == nullptr) return NotFound(id);
  return entry->job;
}

// A page token consists of the requested state and the id of the last job of the previous page.
absl::StatusOr<int64_t> JobStore::FirstOfPage(const executor::v1::ListJobsRequest& request) const {
  if (request.page_token().empty()) return 1;
  const std::string state = absl::StrCat(absl::StrJoin(request.states(), ","), "/");
  if (request.page_token().compare(0, state.size(), state) == 0) {
    const std::optional<int64_t> number = NumberOf(request.page_token().substr(state.size()));
    if (number.has_value() && *number >= 1 && *number <= last_number_) return *number + 1;
  }
  return absl::InvalidArgumentError(
      "page_token was not issued by this daemon for this state; leave it unset to start from the first job");
}

absl::StatusOr<executor::v1::ListJobsResponse> JobStore::List(const executor::v1::ListJobsRequest& request) const {
  if (request.page_size() < 0 || request.page_size() > kMaxPageSize) {
    return absl::InvalidArgumentError(absl::StrCat("page_size is ", request.page_size(), "; give 0 to ", kMaxPageSize,
                                                   ", where 0 means ", kDefaultPageSize));
  }
  for (const int state : request.states()) {
    if (executor::v1::JobState_IsValid(state) && state != executor::v1::JOB_STATE_UNSPECIFIED) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("states has ", state, "; give values of JobState, or none for jobs in any state"));
  }
  const int page_size = request.page_size() == 0 ? kDefaultPageSize : request.page_size();
  const MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const int64_t first, FirstOfPage(request));
  executor::v1::ListJobsResponse page;
  size_t bytes = 0;
  for (auto next = jobs_.lower_bound(first); next != jobs_.end(); ++next) {
    const Job& job = next->second.job;
    if (request.states_size() > 0 &&
        std::find(request.states().begin(), request.states().end(), job.state()) == request.states().end()) {
      continue;
    }
    if (page.jobs_size() == page_size || bytes > kMaxPageBytes) {
      page.set_next_page_token(
          absl::StrCat(absl::StrJoin(request.states(), ","), "/", page.jobs(page.jobs_size() - 1).id()));
      break;
    }
    bytes += job.ByteSizeLong();
    *page.add_jobs() = job;
  }
  return page;
}

absl::StatusOr<Job> JobStore::Cancel(const std::string& id) {
  absl::StatusOr<Job> job;
  Listeners listeners;
  {
    const MutexLock lock(mutex_);
    Entry* entry = Find(id);
    if (entry == nullptr) return NotFound(id);
    job = entry->job;
    if (HasEnded(entry->job.state())) return job;
    const int64_t number = *NumberOf(id);
    if (const auto queued = std::find(queue_.begin(), queue_.end(), number); queued != queue_.end()) {
      queue_.erase(queued);
    }
    CollectListeners(*entry, listeners);
    AskToStop(*entry, "cancelled by request");
    job = entry->job;
    ForgetOldest();
  }
  for (const auto& listener : listeners) listener->OnEvent();
  return job;
}

absl::StatusOr<JobStore::NextEvent> JobStore::EventFrom(const std::string& id, int64_t from) const {
  const MutexLock lock(mutex_);
  const Entry* entry = Find(id);
  if (entry == nullptr) return NotFound(id);
  if (const JobEvent* event = entry->log.Next(from)) return NextEvent{*event, false};
  return NextEvent{std::nullopt, HasEnded(entry->job.state())};
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

std::optional<TakenJob> JobStore::TakeNext() {
  TakenJob taken;
  Listeners listeners;
  {
    MutexLock lock(mutex_);
    while (queue_.empty() && !shut_down_) queue_changed_.wait(lock);
    if (shut_down_) return std::nullopt;
    Entry& entry = jobs_.at(queue_.front());
    queue_.pop_front();
    const absl::Time now = options_.clock();
    taken = {entry.job.id(), entry.spec, now - entry.create_time,
             [flag = entry.cancelled] { return flag->load(std::memory_order_relaxed); }};
    *entry.job.mutable_start_time() = EncodeTime(now);
    CollectListeners(entry, listeners);
    ChangeState(entry, executor::v1::JOB_STATE_PLANNING, "opening the data, measuring costs, requesting a plan");
  }
  for (const auto& listener : listeners) listener->OnEvent();
  return taken;
}

void JobStore::SetRunning(const std::string& id, const executor::v1::PlanSummary& plan, const std::string& reason) {
  Update(id, [&](Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    *entry.job.mutable_plan() = plan;
    ChangeState(entry, executor::v1::JOB_STATE_RUNNING, reason);
  });
}

void JobStore::AddEvent(const std::string& id, JobEvent event) {
  Update(id, [&](Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { Append(entry, std::move(event)); });
}

void JobStore::AddProgress(const std::string& id, const executor::v1::Progress& progress) {
  Update(id, [&](Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    *entry.job.mutable_progress() = progress;
    JobEvent event;
    *event.mutable_progress() = progress;
    Append(entry, std::move(event));
  });
}

void JobStore::AddCheckpoint(const std::string& id, const CheckpointRecord& record) {
  JobEvent event;
  event.mutable_checkpoint()->set_step(record.step);
  *event.mutable_checkpoint()->mutable_duration() = EncodeDuration(record.seconds);
  event.mutable_checkpoint()->set_resumable(record.resumable);
  event.mutable_checkpoint()->set_size_bytes(record.size_bytes);
  AddEvent(id, std::move(event));
}

void JobStore::AddEvaluation(const std::string& id, int64_t step, const executor::v1::Metric& metric) {
  JobEvent event;
  event.mutable_evaluation()->set_step(step);
  *event.mutable_evaluation()->mutable_metric() = metric;
  AddEvent(id, std::move(event));
}

void JobStore::AddNote(const std::string& id, const std::string& note) {
  JobEvent event;
  event.set_note(note);
  AddEvent(id, std::move(event));
}

void JobStore::End(const std::string& id, JobState state, const std::string& reason,
                   const std::optional<executor::v1::JobResult>& result) {
  Update(id, [&](Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (result.has_value()) *entry.job.mutable_result() = *result;
    EndEntry(entry, state, reason);
    ForgetOldest();
  });
}

std::string JobStore::CancelReason(const std::string& id) const {
  const MutexLock lock(mutex_);
  const Entry* entry = Find(id);
  return entry == nullptr ? "" : entry->cancel_reason;
}

void JobStore::ShutDown() {
  Listeners listeners;
  {
    const MutexLock lock(mutex_);
    shut_down_ = true;
    queue_.clear();
    for (auto& [number, entry] : jobs_) {
      if (HasEnded(entry.job.state())) continue;
      CollectListeners(entry, listeners);
      AskToStop(entry, kShutDownReason);
    }
    ForgetOldest();
    queue_changed_.notify_all();
  }
  for (const auto& listener : listeners) listener->OnEvent();
}

void JobStore::Append(Entry& entry, JobEvent event) {
  *event.mutable_time() = EncodeTime(options_.clock());
  entry.log.Append(std::move(event));
}

void JobStore::ChangeState(Entry& entry, JobState state, const std::string& reason) {
  if (entry.job.state() != executor::v1::JOB_STATE_UNSPECIFIED) options_.on_state_count(entry.job.state(), -1);
  options_.on_state_count(state, +1);
  entry.job.set_state(state);
  entry.job.set_reason(reason);
  JobEvent event;
  event.mutable_state_change()->set_state(state);
  event.mutable_state_change()->set_reason(reason);
  Append(entry, std::move(event));
}

void JobStore::EndEntry(Entry& entry, JobState state, const std::string& reason) {
  *entry.job.mutable_end_time() = EncodeTime(options_.clock());
  ChangeState(entry, state, reason);
  entry.listeners.clear();
  ended_.push_back(*NumberOf(entry.job.id()));
}

void JobStore::AskToStop(Entry& entry, const std::string& reason) {
  if (entry.cancelled->load()) return;
  entry.cancel_reason = reason;
  entry.cancelled->store(true);
  if (entry.job.state() == executor::v1::JOB_STATE_QUEUED) {
    EndEntry(entry, executor::v1::JOB_STATE_CANCELLED, reason);
    return;
  }
  JobEvent event;
  event.set_note(absl::StrCat("asked to stop: ", reason));
  Append(entry, std::move(event));
}

void JobStore::ForgetOldest() {
  while (static_cast<int64_t>(ended_.size()) > options_.keep_jobs) {
    const auto oldest = jobs_.find(ended_.front());
    ended_.pop_front();
    options_.on_state_count(oldest->second.job.state(), -1);
    if (!oldest->second.request_id.empty()) requests_.erase(oldest->second.request_id);
    jobs_.erase(oldest);
  }
}

void JobStore::CollectListeners(Entry& entry, Listeners& listeners) {
  std::vector<std::weak_ptr<EventListener>> alive;
  for (std::weak_ptr<EventListener>& listener : entry.listeners) {
    if (std::shared_ptr<EventListener> strong = listener.lock()) {
      listeners.push_back(std::move(strong));
      alive.push_back(std::move(listener));
    }
  }
  entry.listeners = std::move(alive);
}

void JobStore::Update(const std::string& id, const std::function<void(Entry&)>& change) {
  Listeners listeners;
  {
    const MutexLock lock(mutex_);
    Entry* entry = Find(id);
    if (entry == nullptr || HasEnded(entry->job.state())) return;
    CollectListeners(*entry, listeners);
    change(*entry);
  }
  for (const auto& listener : listeners) listener->OnEvent();
}

}  // namespace recurve
