// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_BENCHMARKS_DAEMON_DAEMON_CALLS_H_
#define RECURVE_BENCHMARKS_DAEMON_DAEMON_CALLS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "recurve/executor/v1/executor.grpc.pb.h"

namespace recurve {

// The calls of one client, each one attempt, over a connection of its own. Not thread-safe.
class DaemonCalls {
 public:
  explicit DaemonCalls(const std::string& target);

  absl::StatusOr<executor::v1::Job> CreateJob(const executor::v1::JobSpec& spec);
  absl::StatusOr<executor::v1::Job> GetJob(const std::string& id);
  absl::StatusOr<executor::v1::ListJobsResponse> ListJobs(const executor::v1::ListJobsRequest& request);
  // All events of a job; returns when it has ended.
  absl::StatusOr<std::vector<executor::v1::JobEvent>> WatchJob(const std::string& id);
  // Waits until no job is queued or runs.
  absl::Status WaitUntilIdle();

 private:
  std::unique_ptr<executor::v1::ExecutorService::Stub> stub_;
};

// Creates `each` jobs from each of `clients` clients at once. Returns the time of every call, in seconds.
absl::StatusOr<std::vector<double>> CreateJobs(const std::string& target, const executor::v1::JobSpec& spec,
                                               int clients, int each);

}  // namespace recurve

#endif  // RECURVE_BENCHMARKS_DAEMON_DAEMON_CALLS_H_
