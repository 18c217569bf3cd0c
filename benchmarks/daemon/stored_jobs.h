// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_BENCHMARKS_DAEMON_STORED_JOBS_H_
#define RECURVE_BENCHMARKS_DAEMON_STORED_JOBS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "recurve/executor/v1/job.pb.h"

namespace recurve {

// A job that has ended, and its events.
struct EndedJob {
  executor::v1::Job job;
  std::vector<executor::v1::JobEvent> events;
};

constexpr int kEventsPerJob = 50;
constexpr int kTeams = 10;  // values of the label "team"

// Makes a state directory for a daemon with `count` copies of a job, each with a request and kEventsPerJob events, most
// of them progress. One job in kTeams has the label team=0.
absl::Status FillStore(const std::string& directory, const EndedJob& example, int64_t count);

}  // namespace recurve

#endif  // RECURVE_BENCHMARKS_DAEMON_STORED_JOBS_H_
