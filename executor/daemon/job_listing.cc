// SPDX-License-Identifier: Apache-2.0
//
// The pages of ListJobs.
#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "executor/daemon/job_store.h"
#include "executor/daemon/ownership.h"
#include "executor/daemon/redaction.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

using executor::v1::Job;
using executor::v1::ListJobsRequest;

constexpr int kDefaultPageSize = 100;
constexpr int kMaxPageSize = 1000;
// Ends a page early, so that a response always fits in a message.
constexpr size_t kMaxPageBytes = 1 << 20;

absl::Status CheckListing(const ListJobsRequest& request) {
  if (request.page_size() < 0 || request.page_size() > kMaxPageSize) {
    return absl::InvalidArgumentError(absl::StrCat("page_size is ", request.page_size(), "; give 0 to ", kMaxPageSize,
                                                   ", where 0 means ", kDefaultPageSize));
  }
  for (const int state : request.states()) {
    if (executor::v1::JobState_IsValid(state) && state != executor::v1::JOB_STATE_UNSPECIFIED) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("states has ", state, "; give values of JobState, or none for jobs in any state"));
  }
  return absl::OkStatus();
}

// A job that the caller does not own matches no label, because the labels are hidden.
bool Matches(const Job& job, const ListJobsRequest& request, bool owned) {
  if (!owned && !request.labels().empty()) return false;
  if (!request.owner().empty() && job.owner() != request.owner()) return false;
  if (request.states_size() > 0 &&
      std::find(request.states().begin(), request.states().end(), job.state()) == request.states().end()) {
    return false;
  }
  return std::all_of(request.labels().begin(), request.labels().end(), [&](const auto& wanted) {
    const auto found = job.labels().find(wanted.first);
    return found != job.labels().end() && found->second == wanted.second;
  });
}

// Identifies the filters and the order of a request: FNV-1a, so that it is the same after a restart.
std::string FilterKey(const ListJobsRequest& request) {
  std::string text = absl::StrCat(request.newest_first() ? "newest" : "oldest", "\n", request.owner());
  for (const int state : request.states()) absl::StrAppend(&text, "\n", state);
  const std::map<std::string, std::string> labels(request.labels().begin(), request.labels().end());
  for (const auto& [key, value] : labels) absl::StrAppend(&text, "\n", key.size(), "=", key, value);
  uint64_t hash = 0xCBF29CE484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return absl::StrCat(absl::Hex(hash, absl::kZeroPad16), "/");
}

}  // namespace

// A page token consists of the key of the filters and the id of the last job of the previous page.
absl::StatusOr<int64_t> JobStore::LastOfPage(const ListJobsRequest& request) const {
  if (request.page_token().empty()) return request.newest_first() ? last_number_ + 1 : 0;
  const std::string key = FilterKey(request);
  if (request.page_token().compare(0, key.size(), key) == 0) {
    const std::optional<int64_t> number = NumberOf(request.page_token().substr(key.size()));
    if (number.has_value() && *number >= 1 && *number <= last_number_) return *number;
  }
  return absl::InvalidArgumentError(
      "page_token was not issued by this daemon for these filters; leave it unset to start from the first job");
}

absl::StatusOr<executor::v1::ListJobsResponse> JobStore::List(const ListJobsRequest& request,
                                                              const Caller& caller) const {
  RETURN_IF_ERROR(CheckListing(request));
  const int page_size = request.page_size() == 0 ? kDefaultPageSize : request.page_size();
  const MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const int64_t last, LastOfPage(request));
  executor::v1::ListJobsResponse page;
  size_t bytes = 0;
  // Returns whether the page has room for more.
  const auto add = [&](const Entry& entry) {
    const bool owned = Owns(caller, entry.job);
    if (!entry.accepted || !Matches(entry.job, request, owned)) return true;
    if (page.jobs_size() == page_size || bytes > kMaxPageBytes) {
      page.set_next_page_token(FilterKey(request) + page.jobs(page.jobs_size() - 1).id());
      return false;
    }
    Job& job = *page.add_jobs();
    job = entry.job;
    if (!owned) Redact(job);
    bytes += job.ByteSizeLong();
    return true;
  };
  if (request.newest_first()) {
    for (auto next = std::make_reverse_iterator(jobs_.lower_bound(last)); next != jobs_.rend() && add(next->second);) {
      ++next;
    }
  } else {
    for (auto next = jobs_.upper_bound(last); next != jobs_.end() && add(next->second);) ++next;
  }
  return page;
}

}  // namespace recurve
