// SPDX-License-Identifier: Apache-2.0
//
// What the jobs of one owner may take of a store.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "executor/daemon/job_store.h"

namespace recurve {

std::map<std::string, JobStore::Use> JobStore::UseOn(const DeviceBudget& device) const {
  std::map<std::string, Use> use;
  for (const int64_t number : running_) {
    const executor::v1::Job& job = jobs_.at(number).job;
    Use& of_owner = use[job.owner()];
    ++of_owner.running;
    if (DeviceOf(job.spec().device()) == &device) of_owner.bytes += job.promised_bytes();
  }
  return use;
}

absl::Status JobStore::CheckQuotaOfQueue(const std::string& owner) const {
  const int64_t quota = options_.per_owner.queued;
  if (quota == 0) return absl::OkStatus();
  const auto owned = [&](int64_t number)
                         ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return jobs_.at(number).job.owner() == owner; };
  const auto waiting =
      std::count_if(queue_.begin(), queue_.end(), owned) + std::count_if(entering_.begin(), entering_.end(), owned);
  if (waiting < quota) return absl::OkStatus();
  options_.on_quota_refusal("queued");
  return absl::ResourceExhaustedError(absl::StrCat(waiting, " jobs of ", owner, " are waiting; the limit is ", quota,
                                                   " (--max-queued-per-owner); retry later"));
}

absl::Status JobStore::CheckQuotaOfJobs(const std::string& owner) const {
  const int64_t quota = options_.per_owner.jobs;
  if (quota == 0) return absl::OkStatus();
  const auto jobs = std::count_if(jobs_.begin(), jobs_.end(),
                                  [&](const auto& numbered) { return numbered.second.job.owner() == owner; });
  if (jobs < quota) return absl::OkStatus();
  options_.on_quota_refusal("jobs");
  return absl::ResourceExhaustedError(absl::StrCat(owner, " has ", jobs, " jobs; the limit is ", quota,
                                                   " (--max-jobs-per-owner); delete jobs that have ended"));
}

int64_t JobStore::QuotaOn(const DeviceBudget& device) const {
  const JobQuotas& quotas = options_.per_owner;
  if (quotas.running_bytes > 0) return std::min(quotas.running_bytes, device.budget);
  if (quotas.running_share > 0) {
    return static_cast<int64_t>(std::min(quotas.running_share, 1.0) * static_cast<double>(device.budget));
  }
  return device.budget;
}

absl::Status JobStore::ExceedsQuota(const DeviceBudget& device, int64_t bytes) const {
  options_.on_quota_refusal("running_bytes");
  return absl::FailedPreconditionError(absl::StrCat("the job needs ", bytes, " bytes; one owner may use ",
                                                    QuotaOn(device), " of ", device.name, "'s ", device.budget,
                                                    " (--max-running-bytes-per-owner). Give the job less memory"));
}

}  // namespace recurve
