// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/daemon/stored_jobs.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "executor/store/job_database.h"
#include "executor/store/state_directory.h"
#include "planner_service/status/status_macros.h"
#include "recurve/executor/v1/executor.pb.h"

namespace recurve {
namespace {

constexpr int64_t kJobsPerTransaction = 500;

// The events of a job with more steps: its progress is repeated.
std::vector<executor::v1::JobEvent> Repeated(const std::vector<executor::v1::JobEvent>& events) {
  const auto progress =
      std::find_if(events.begin(), events.end(), [](const auto& event) { return event.has_progress(); });
  std::vector<executor::v1::JobEvent> repeated;
  for (auto event = events.begin(); event != events.end(); ++event) {
    repeated.push_back(*event);
    if (event != progress) continue;
    for (auto i = static_cast<int>(events.size()); i < kEventsPerJob; ++i) repeated.push_back(*event);
  }
  for (size_t i = 0; i < repeated.size(); ++i) repeated[i].set_sequence(static_cast<int64_t>(i) + 1);
  return repeated;
}

}  // namespace

absl::Status FillStore(const std::string& directory, const EndedJob& example, int64_t count) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StateDirectory> state, StateDirectory::Open(directory));
  ASSIGN_OR_RETURN(const std::unique_ptr<JobDatabase> database, JobDatabase::Open(state->database()));
  const std::vector<executor::v1::JobEvent> events = Repeated(example.events);
  executor::v1::CreateJobRequest request;
  *request.mutable_spec() = example.job.spec();
  std::vector<JobChange> changes;
  for (int64_t number = 1; number <= count; ++number) {
    JobChange& change = changes.emplace_back();
    change.stored.number = number;
    change.stored.request_key = absl::StrCat("benchmark-", number);
    change.stored.request = request.SerializeAsString();
    change.stored.job = example.job;
    change.stored.job.set_id(absl::StrCat(database->id(), "-", number));
    (*change.stored.job.mutable_labels())["team"] = absl::StrCat(number % kTeams);
    change.events = events;
    if (number % kJobsPerTransaction == 0 || number == count) {
      RETURN_IF_ERROR(database->Write(changes));
      changes.clear();
    }
  }
  return absl::OkStatus();
}

}  // namespace recurve
