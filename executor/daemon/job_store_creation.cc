// SPDX-License-Identifier: Apache-2.0
//
// Creation of jobs in a store: a job is visible, and may start, once it is on disk.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/daemon/job_store.h"
#include "executor/daemon/job_times.h"
#include "executor/daemon/ownership.h"
#include "google/protobuf/util/message_differencer.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

using executor::v1::CreateJobRequest;
using executor::v1::Job;

absl::StatusOr<Job> JobStore::Create(const CreateJobRequest& request, const executor::v1::JobSpec& spec,
                                     const std::string& traceparent, const Caller& caller) {
  ASSIGN_OR_RETURN(const Entered entered, Enter(request, spec, traceparent, caller));
  if (entered.known) RETURN_IF_ERROR(CheckRepeated(entered, request));
  if (absl::Status saved = Save(); !saved.ok() && Withdraw(entered.number)) {
    return absl::Status(saved.code(), absl::StrCat("the job was not accepted: ", saved.message()));
  }
  return Accept(entered.number);
}

absl::StatusOr<JobStore::Entered> JobStore::Enter(const CreateJobRequest& request, const executor::v1::JobSpec& spec,
                                                  const std::string& traceparent, const Caller& caller) {
  const MutexLock lock(mutex_);
  const std::string key = RequestKey(caller, request.request_id());
  if (const auto known = requests_.find(key); !key.empty() && known != requests_.end()) {
    return Entered{known->second, true, jobs_.at(known->second).request};
  }
  RETURN_IF_ERROR(CheckRoom(request.owner()));
  RETURN_IF_ERROR(CheckMemory(spec));
  const int64_t number = ++last_number_;
  Entry& entry = jobs_.try_emplace(number, number, options_).first->second;
  entry.request_key = key;
  entry.request = request.SerializeAsString();
  entry.queue_time = options_.clock();
  Job& job = entry.job;
  job.set_id(IdOf(number));
  *job.mutable_spec() = spec;
  *job.mutable_create_time() = EncodeTime(entry.queue_time);
  job.set_display_name(request.display_name());
  *job.mutable_labels() = request.labels();
  job.set_owner(request.owner());
  job.set_priority(request.priority());
  job.set_traceparent(traceparent);
  if (!key.empty()) requests_[key] = number;
  entering_.insert(number);
  ChangeState(entry, executor::v1::JOB_STATE_QUEUED, "accepted");
  return Entered{number, false, ""};
}

absl::Status JobStore::CheckRoom(const std::string& owner) const {
  if (shut_down_) return absl::UnavailableError("the daemon is shutting down and accepts no jobs");
  const size_t waiting = queue_.size() + entering_.size();
  if (static_cast<int64_t>(waiting) >= options_.max_queued) {
    return absl::ResourceExhaustedError(absl::StrCat("the queue is full: ", waiting, " jobs are waiting; the limit is ",
                                                     options_.max_queued, " (--max-queued); retry later"));
  }
  if (static_cast<int64_t>(jobs_.size()) >= options_.max_jobs) {
    return absl::ResourceExhaustedError(absl::StrCat("the daemon has ", jobs_.size(), " jobs; the limit is ",
                                                     options_.max_jobs, " (--max-jobs); delete jobs that have ended"));
  }
  RETURN_IF_ERROR(CheckQuotaOfQueue(owner));
  return CheckQuotaOfJobs(owner);
}

absl::Status JobStore::CheckMemory(const executor::v1::JobSpec& spec) const {
  const DeviceBudget* device = DeviceOf(spec.device());
  if (device == nullptr) {
    return absl::UnavailableError(absl::StrCat("device is ", spec.device(), "; this daemon has no such device"));
  }
  if (!spec.has_memory_bytes()) return absl::OkStatus();
  const int64_t host = device->name == "cpu" ? spec.host_memory_bytes() : 0;
  if (spec.memory_bytes() + host <= QuotaOn(*device)) return absl::OkStatus();
  if (spec.memory_bytes() + host <= device->budget) return ExceedsQuota(*device, spec.memory_bytes() + host);
  return absl::FailedPreconditionError(
      absl::StrCat("memory_bytes is ", spec.memory_bytes(),
                   host > 0 ? absl::StrCat(", with ", host, " on the host") : "", "; the budget of ", device->name,
                   " is ", device->budget, " bytes, so give at most ", std::max<int64_t>(device->budget - host, 0)));
}

absl::Status JobStore::CheckRepeated(const Entered& entered, const CreateJobRequest& request) const {
  std::string earlier = entered.request;
  if (earlier.empty()) {
    ASSIGN_OR_RETURN(earlier, database_->RequestOf(entered.number));
  }
  CreateJobRequest parsed;
  if (parsed.ParseFromString(earlier) && google::protobuf::util::MessageDifferencer::Equals(parsed, request)) {
    return absl::OkStatus();
  }
  return absl::AlreadyExistsError(absl::StrCat("request_id \"", request.request_id(), "\" belongs to job ",
                                               IdOf(entered.number),
                                               ", which has a different request; choose another request_id"));
}

bool JobStore::Withdraw(int64_t number) {
  const MutexLock saving(save_mutex_);  // another thread may be writing it
  const MutexLock lock(mutex_);
  const auto found = jobs_.find(number);
  if (found == jobs_.end()) return true;
  if (found->second.request.empty()) return false;
  options_.on_state_count(found->second.job.state(), -1);
  requests_.erase(found->second.request_key);
  unsaved_.erase(number);
  entering_.erase(number);
  jobs_.erase(found);
  return true;
}

absl::StatusOr<Job> JobStore::Accept(int64_t number) {
  const MutexLock lock(mutex_);
  entering_.erase(number);
  const auto found = jobs_.find(number);
  if (found == jobs_.end()) return absl::UnavailableError("an equal request at the same time was not accepted; retry");
  Entry& entry = found->second;
  if (!entry.accepted) {
    entry.accepted = true;
    LogState(entry);
    queue_.insert(number);
    queue_changed_.notify_all();
  }
  return entry.job;
}

}  // namespace recurve
