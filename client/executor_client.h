// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_EXECUTOR_CLIENT_H_
#define RECURVE_CLIENT_EXECUTOR_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "recurve/executor/v1/executor.grpc.pb.h"

namespace recurve {

struct ExecutorClientOptions {
  std::string target;                         // gRPC target of the daemon, such as "127.0.0.1:7402"
  std::chrono::milliseconds timeout{10'000};  // per call, including retries; watching has none
  int max_resumes = 6;  // consecutive attempts to resume a broken watch, about 10 seconds in total
};

// Client of an executor daemon. Errors have the codes that executor.proto lists for each call and name the target.
// Thread-safe.
//
//   ExecutorClient executor({.target = "127.0.0.1:7402"});
//   absl::StatusOr<executor::v1::Job> job = executor.CreateJob(spec, "");
//   absl::Status status = executor.WatchJob(job->id(), 0, [](const executor::v1::JobEvent& event) { ...; return true;
//   });
class ExecutorClient {
 public:
  explicit ExecutorClient(const ExecutorClientOptions& options);

  // An empty `request_id` is replaced by a unique one, so that retries create a single job.
  absl::StatusOr<executor::v1::Job> CreateJob(const executor::v1::JobSpec& spec, const std::string& request_id);

  absl::StatusOr<executor::v1::Job> GetJob(const std::string& id);

  // All jobs in this state (JOB_STATE_UNSPECIFIED: any), oldest first; fetches all pages.
  absl::StatusOr<std::vector<executor::v1::Job>> ListJobs(executor::v1::JobState state);

  // Passes the job's events from `from_sequence` on to `on_event`, each once and in order, until the job has ended or
  // `on_event` returns false. A broken stream is resumed after the last event received.
  absl::Status WatchJob(const std::string& id, int64_t from_sequence,
                        const std::function<bool(const executor::v1::JobEvent&)>& on_event);

  absl::StatusOr<executor::v1::Job> CancelJob(const std::string& id);

 private:
  struct Watch;

  grpc::Status WatchOnce(Watch& watch);
  absl::Status Named(const grpc::Status& status) const;

  const ExecutorClientOptions options_;
  const std::unique_ptr<executor::v1::ExecutorService::Stub> stub_;
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_EXECUTOR_CLIENT_H_
