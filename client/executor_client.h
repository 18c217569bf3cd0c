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
#include "planner_service/tls/tls_credentials.h"
#include "planner_service/trace/trace_context.h"
#include "recurve/executor/v1/executor.grpc.pb.h"

namespace recurve {

struct ExecutorClientOptions {
  std::string target;                         // gRPC target of the daemon, such as "127.0.0.1:7402"
  std::chrono::milliseconds timeout{10'000};  // per call, including retries; watching and transfers have none
  // How long to keep trying to resume a broken watch; a daemon that restarts is away for seconds.
  std::chrono::milliseconds reconnect{60'000};
  TlsCredentials tls;                     // see MakeChannel
  TraceContext trace = TraceOfProcess();  // the span that makes the calls; each call is a new span of its trace
};

// How to watch a job.
struct JobWatch {
  std::string id;
  int64_t from_sequence = 0;  // of the first event; 0: all events
  // Receives each event once and in order; returning false stops watching. Not null.
  std::function<bool(const executor::v1::JobEvent&)> on_event;
  // Called several times per second while no event arrives; returning true stops watching. May be null.
  std::function<bool()> on_idle;
  // Called when the stream breaks and is to be resumed, with the reason. May be null.
  std::function<void(const absl::Status&)> on_lost;
};

// What an uploaded file is for.
enum class FilePurpose : uint8_t { kData, kModel };

// Client of an executor daemon. Errors have the codes that executor.proto lists for each call and name the target.
// Thread-safe.
//
//   ExecutorClient executor({.target = "127.0.0.1:7402"});
//   absl::StatusOr<executor::v1::Job> job = executor.CreateJob(request);
//   absl::Status status = executor.WatchJob(
//       {.id = job->id(), .on_event = [](const executor::v1::JobEvent& event) { ...; return true; }});
class ExecutorClient {
 public:
  explicit ExecutorClient(const ExecutorClientOptions& options);

  const ExecutorClientOptions& options() const { return options_; }

  // An empty `request_id` is replaced by a unique one, so that retries create a single job.
  absl::StatusOr<executor::v1::Job> CreateJob(executor::v1::CreateJobRequest request);
  absl::StatusOr<executor::v1::Job> RetryJob(const std::string& id, const std::string& request_id = "");

  absl::StatusOr<executor::v1::Job> GetJob(const std::string& id);

  // All jobs that pass the filters of `request`, in its order; fetches all pages.
  absl::StatusOr<std::vector<executor::v1::Job>> ListJobs(executor::v1::ListJobsRequest request);

  // Passes the job's events on until the job has ended. A broken stream is resumed after the last event received.
  absl::Status WatchJob(const JobWatch& watch);

  absl::StatusOr<executor::v1::Job> CancelJob(const std::string& id);
  absl::StatusOr<executor::v1::Job> PauseJob(const std::string& id);
  absl::StatusOr<executor::v1::Job> ResumeJob(const std::string& id);
  absl::Status DeleteJob(const std::string& id, bool delete_files);
  absl::StatusOr<executor::v1::Job> ChangeJobMemory(const executor::v1::ChangeJobMemoryRequest& request);
  absl::StatusOr<executor::v1::Job> SetPriority(const std::string& id, int32_t priority);

  absl::StatusOr<std::vector<executor::v1::StoredCheckpoint>> ListCheckpoints(const std::string& id);
  absl::StatusOr<std::vector<executor::v1::Device>> GetDevices();
  // A part of the log of a job, from this byte on.
  absl::StatusOr<executor::v1::GetJobLogResponse> GetJobLog(const std::string& id, int64_t offset_bytes);

  // Passes the model file of a job from `offset_bytes` on to `on_part`, in parts, the first with the description of the
  // file. An error of `on_part` ends the transfer and is returned. file_transfer.h has complete downloads and uploads.
  absl::Status DownloadModel(const std::string& id, int64_t offset_bytes,
                             const std::function<absl::Status(const executor::v1::DownloadModelResponse&)>& on_part);
  // Sends the parts that `next_part` returns, each at most 1 MiB, up to an empty one. Returns the path of the file on
  // the daemon's machine. An error of `next_part` ends the transfer and is returned.
  absl::StatusOr<std::string> Upload(FilePurpose purpose, const executor::v1::FileDescription& file,
                                     int64_t offset_bytes,
                                     const std::function<absl::StatusOr<std::string>()>& next_part);
  // How much of an interrupted upload has arrived, in bytes.
  absl::StatusOr<int64_t> GetUpload(const executor::v1::FileDescription& file);

 private:
  struct Watch;
  using Stub = executor::v1::ExecutorService::Stub;

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request);
  grpc::Status WatchOnce(Watch& watch);
  absl::Status Named(const grpc::Status& status) const;

  const ExecutorClientOptions options_;
  const std::unique_ptr<Stub> stub_;
};

}  // namespace recurve

#endif  // RECURVE_CLIENT_EXECUTOR_CLIENT_H_
