// SPDX-License-Identifier: Apache-2.0
//
// Starting, running and ending the jobs of a store.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/codec/job_codec.h"
#include "executor/daemon/job_store.h"
#include "executor/daemon/job_times.h"

namespace recurve {
namespace {

using executor::v1::JobEvent;
using executor::v1::JobState;

// Bytes of the job's device that it needs, as far as its specification says; 0 if that depends on the plan.
int64_t RequestedBytes(const executor::v1::JobSpec& spec) {
  if (!spec.has_memory_bytes()) return 0;
  return spec.memory_bytes() + (spec.device() == "cpu" ? spec.host_memory_bytes() : 0);
}

// What is left of a quota; a quota of the whole device restricts nothing, so that the owner's own jobs are preempted.
int64_t LeftOf(int64_t quota, const DeviceBudget& device, int64_t used) {
  return quota >= device.budget ? INT64_MAX : quota - used;
}

}  // namespace

const DeviceBudget* JobStore::DeviceOf(const std::string& name) const {
  const std::string full_name = name == "cuda" ? "cuda:0" : name.empty() ? "cpu" : name;
  for (const DeviceBudget& device : options_.devices) {
    if (device.name == full_name) return &device;
  }
  return nullptr;
}

int64_t JobStore::PromisedOn(const DeviceBudget& device) const {
  int64_t promised = 0;
  for (const int64_t number : running_) {
    const executor::v1::Job& job = jobs_.at(number).job;
    if (DeviceOf(job.spec().device()) == &device) promised += job.promised_bytes();
  }
  return promised;
}

void JobStore::Promise(Entry& entry, int64_t bytes) {
  entry.job.set_promised_bytes(bytes);
  if (const DeviceBudget* device = DeviceOf(entry.job.spec().device())) {
    options_.on_promise(*device, PromisedOn(*device));
  }
  queue_changed_.notify_all();
}

std::vector<executor::v1::Device> JobStore::Devices() const {
  const MutexLock lock(mutex_);
  std::vector<executor::v1::Device> devices;
  for (const DeviceBudget& device : options_.devices) {
    executor::v1::Device& message = devices.emplace_back();
    message.set_name(device.name);
    message.set_total_bytes(device.total);
    message.set_budget_bytes(device.budget);
    message.set_promised_bytes(PromisedOn(device));
    message.set_free_bytes(device.budget - message.promised_bytes());
    const auto count = [&](const std::set<int64_t>& numbers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return std::count_if(numbers.begin(), numbers.end(), [&](int64_t number) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return DeviceOf(jobs_.at(number).job.spec().device()) == &device;
      });
    };
    message.set_running_jobs(count(running_));
    message.set_queued_jobs(count(queue_));
  }
  return devices;
}

Admission JobStore::NextOn(const DeviceBudget& device) const {
  if (static_cast<int64_t>(running_.size()) >= options_.max_running) return {};
  std::map<std::string, Use> use = UseOn(device);
  std::vector<WaitingJob> waiting;
  for (const int64_t number : queue_) {
    const Entry& entry = jobs_.at(number);
    if (DeviceOf(entry.job.spec().device()) != &device) continue;
    const int64_t bytes = entry.memory_bytes > 0 ? entry.memory_bytes : RequestedBytes(entry.job.spec());
    const Use& used = use[entry.job.owner()];
    if (options_.per_owner.running > 0 && used.running >= options_.per_owner.running) continue;
    waiting.push_back({.number = number,
                       .priority = entry.job.priority(),
                       .bytes = bytes,
                       .at_least = entry.at_least,
                       .most = LeftOf(QuotaOn(device), device, used.bytes),
                       .alone = entry.crashes > 0});
  }
  std::vector<RunningJob> running;
  for (const int64_t number : running_) {
    const Entry& entry = jobs_.at(number);
    if (DeviceOf(entry.job.spec().device()) != &device) continue;
    running.push_back({.number = number,
                       .priority = entry.job.priority(),
                       .promised = entry.job.promised_bytes(),
                       .alone = entry.crashes > 0,
                       .stopping = entry.stop_request.kind != StopRequest::Kind::kNone,
                       .settling = !entry.settled});
  }
  return Admit(device.budget, waiting, running);
}

std::optional<TakenJob> JobStore::TakeNext() {
  std::optional<TakenJob> taken;
  Listeners listeners;
  {
    MutexLock lock(mutex_);
    while (!shut_down_ && !taken) {
      for (const DeviceBudget& device : options_.devices) {
        const Admission admission = NextOn(device);
        for (const int64_t number : admission.preempt) {
          AskToStop(jobs_.at(number), StopRequest::Kind::kRequeue, "preempted by a job of higher priority");
        }
        if (!admission.start) continue;
        taken = Start(device, admission, listeners);
        break;
      }
      if (!taken) queue_changed_.wait(lock);
    }
  }
  for (const auto& listener : listeners) listener->OnEvent();
  if (taken) SaveOrLog();
  return taken;
}

TakenJob JobStore::Start(const DeviceBudget& device, const Admission& admission, Listeners& listeners) {
  Entry& entry = jobs_.at(*admission.start);
  CollectListeners(entry, listeners);
  const absl::Time now = options_.clock();
  entry.stop = std::make_shared<std::atomic<RunControl::Stop>>(RunControl::Stop::kNo);
  entry.stop_request = {};
  entry.settled = false;
  TakenJob taken{.number = entry.number,
                 .id = entry.job.id(),
                 .owner = entry.job.owner(),
                 .spec = *DecodeJobSpec(entry.job.spec()),  // checked when it was created or loaded
                 .traceparent = entry.job.traceparent(),
                 .log_ids = LogIdsOf(entry.job),
                 .queue_wait = std::max(now - entry.queue_time, absl::ZeroDuration()),
                 .has_checkpoint = entry.job.checkpoint_step() > 0,
                 .checkpoints = DirectoryOf(entry.job.id()),
                 .all_free = entry.job.spec().has_all_free(),
                 .all_allowed = admission.promised >= QuotaOn(device),
                 .stop = [stop = entry.stop] { return stop->load(std::memory_order_relaxed); }};
  if (taken.all_free) {
    const int64_t host = device.name == "cpu" ? taken.spec.host_memory : 0;
    taken.spec.memory = TotalBytes{std::max<int64_t>(admission.promised - host, 1)};
  }
  // Another link would change the last bits of the weights.
  if (entry.job.plan().link() > 0) taken.spec.link = entry.job.plan().link();
  if (!entry.job.has_start_time()) *entry.job.mutable_start_time() = EncodeTime(now);
  entry.job.set_starts(entry.job.starts() + 1);
  ChangeState(entry, executor::v1::JOB_STATE_PLANNING, "opening the data, measuring costs, requesting a plan");
  Promise(entry, admission.promised);
  return taken;
}

absl::Status JobStore::SettleMemory(const std::string& id, int64_t bytes) {
  const MutexLock lock(mutex_);
  Entry* entry = Find(id);
  if (entry == nullptr) return absl::CancelledError("the job was deleted");
  const DeviceBudget* device = DeviceOf(entry->job.spec().device());
  if (bytes > device->budget) {
    return absl::FailedPreconditionError(absl::StrCat("the plan needs ", bytes, " bytes; the budget of ", device->name,
                                                      " is ", device->budget, ". Give the job less memory"));
  }
  if (bytes > QuotaOn(*device)) return ExceedsQuota(*device, bytes);
  const int64_t of_device = device->budget - PromisedOn(*device);
  const int64_t of_quota = QuotaOn(*device) - UseOn(*device)[entry->job.owner()].bytes;
  const int64_t free = std::min(of_device, of_quota) + entry->job.promised_bytes();
  if (!entry->job.spec().has_all_free()) entry->memory_bytes = bytes;
  if (bytes > free) {
    AskToStop(*entry, StopRequest::Kind::kRequeue,
              absl::StrCat("waits for ", bytes, " bytes on ", device->name, ", of which ", free, " are free"));
    return absl::CancelledError("planned; waits for memory");
  }
  entry->settled = true;
  Promise(*entry, bytes);
  return absl::OkStatus();
}

absl::Status JobStore::WaitForMemory(const std::string& id, int64_t at_least) {
  const MutexLock lock(mutex_);
  if (Entry* entry = Find(id)) {
    entry->at_least = at_least;
    AskToStop(*entry, StopRequest::Kind::kRequeue, absl::StrCat("waits for at least ", at_least, " free bytes"));
  }
  return absl::CancelledError("planned; waits for memory");
}

void JobStore::SetRunning(const std::string& id, const executor::v1::PlanSummary& plan, const std::string& reason) {
  Update(id, [&](Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    *entry.job.mutable_plan() = plan;
    ChangeState(entry, executor::v1::JOB_STATE_RUNNING, reason);
  });
  SaveOrLog();
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
  Update(id, [&](Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    JobEvent event;
    event.mutable_checkpoint()->set_step(record.step);
    *event.mutable_checkpoint()->mutable_duration() = EncodeDuration(record.seconds);
    event.mutable_checkpoint()->set_resumable(record.resumable);
    event.mutable_checkpoint()->set_size_bytes(record.size_bytes);
    if (!record.resumable) entry.job.set_model_saved(true);
    if (record.resumable) {
      entry.job.set_checkpoint_step(record.step);
      entry.crashes = 0;
    }
    Append(entry, std::move(event));
  });
}

void JobStore::SetResumed(const std::string& id, int64_t step) {
  Update(id, [&](Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { entry.job.set_checkpoint_step(step); });
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

StopRequest JobStore::StopRequestOf(const std::string& id) const {
  const MutexLock lock(mutex_);
  const Entry* entry = Find(id);
  return entry == nullptr ? StopRequest{} : entry->stop_request;
}

void JobStore::Leave(const std::string& id, JobState state, const std::string& reason) {
  Update(id, [&](Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    entry.queue_time = options_.clock();
    ChangeState(entry, state, reason);
  });
  SaveOrLog();
}

void JobStore::End(const std::string& id, JobState state, const std::string& reason,
                   const std::optional<executor::v1::JobResult>& result) {
  Update(id, [&](Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (result.has_value()) *entry.job.mutable_result() = *result;
    EndEntry(entry, state, reason);
  });
  SaveOrLog();
}

void JobStore::Append(Entry& entry, JobEvent event) {
  *event.mutable_time() = EncodeTime(options_.clock());
  entry.log.Append(std::move(event));
  unsaved_.insert(entry.number);
}

void JobStore::LogState(const Entry& entry) {
  const auto level = entry.job.state() == executor::v1::JOB_STATE_FAILED ? spdlog::level::warn : spdlog::level::info;
  const std::string state = executor::v1::JobState_Name(entry.job.state()).substr(10);
  LogFor(LogIdsOf(entry.job), level, absl::StrCat("job is ", state, ": ", entry.job.reason()));
}

void JobStore::ChangeState(Entry& entry, JobState state, const std::string& reason) {
  if (entry.job.state() != executor::v1::JOB_STATE_UNSPECIFIED) options_.on_state_count(entry.job.state(), -1);
  options_.on_state_count(state, +1);
  entry.job.set_state(state);
  entry.job.set_reason(reason);
  if (entry.accepted) LogState(entry);
  JobEvent event;
  event.mutable_state_change()->set_state(state);
  event.mutable_state_change()->set_reason(reason);
  Append(entry, std::move(event));
  if (entry.accepted && state == executor::v1::JOB_STATE_QUEUED) {
    queue_.insert(entry.number);
  } else {
    queue_.erase(entry.number);
  }
  if (IsActive(state)) {
    running_.insert(entry.number);
  } else if (running_.erase(entry.number) > 0) {
    entry.stop_request = {};
    Promise(entry, 0);
  }
  queue_changed_.notify_all();
}

void JobStore::EndEntry(Entry& entry, JobState state, const std::string& reason) {
  *entry.job.mutable_end_time() = EncodeTime(options_.clock());
  ChangeState(entry, state, reason);
  options_.on_end(state);
  entry.listeners.clear();
}

void JobStore::AskToStop(Entry& entry, StopRequest::Kind kind, const std::string& reason) {
  if (IsActive(entry.job.state())) {
    if (kind <= entry.stop_request.kind) return;
    entry.stop_request = {kind, reason};
    entry.stop->store(kind == StopRequest::Kind::kCancel ? RunControl::Stop::kCancel : RunControl::Stop::kYield);
    JobEvent event;
    event.set_note(absl::StrCat("asked to stop: ", reason));
    LogFor(LogIdsOf(entry.job), spdlog::level::info, event.note());
    Append(entry, std::move(event));
  } else if (kind == StopRequest::Kind::kCancel) {
    EndEntry(entry, executor::v1::JOB_STATE_CANCELLED, reason);
  } else if (kind == StopRequest::Kind::kPause && entry.job.state() == executor::v1::JOB_STATE_QUEUED) {
    ChangeState(entry, executor::v1::JOB_STATE_PAUSED, reason);
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
