// SPDX-License-Identifier: Apache-2.0
#include "client/executor_client.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>

#include <optional>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/retry_window.h"
#include "planner_service/client/channel.h"
#include "planner_service/client/target.h"
#include "planner_service/client/tls_remedy.h"
#include "planner_service/grpc_server/grpc_status.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

namespace v1 = executor::v1;

constexpr int kPageSize = 500;
constexpr std::chrono::milliseconds kIdle{100};  // between calls of on_idle

std::string NewRequestId() {
  std::random_device random;
  std::string id;
  for (int i = 0; i < 4; ++i) absl::StrAppend(&id, absl::Hex(random(), absl::kZeroPad8));
  return id;
}

void SendTrace(grpc::ClientContext& context, const TraceContext& parent) {
  context.AddMetadata(kTraceparent, FormatTraceparent(NewSpan(parent)));
}

template <typename Request>
Request RequestFor(const std::string& id) {
  Request request;
  request.set_id(id);
  return request;
}

template <typename Response>
absl::StatusOr<v1::Job> JobOf(absl::StatusOr<Response> response) {
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_job());
}

// Writes one request with the description of the file, then its parts.
template <typename Request>
absl::Status SendParts(grpc::ClientWriter<Request>& writer, const v1::FileDescription& file, int64_t offset_bytes,
                       const std::function<absl::StatusOr<std::string>()>& next_part) {
  Request request;
  *request.mutable_file() = file;
  request.set_offset_bytes(offset_bytes);
  while (writer.Write(request)) {
    request.Clear();
    ASSIGN_OR_RETURN(std::string part, next_part());
    if (part.empty()) break;
    request.set_data(std::move(part));
  }
  return absl::OkStatus();
}

}  // namespace

struct ExecutorClient::Watch {
  const JobWatch& job;
  executor::v1::WatchJobRequest request;  // from_sequence is the next event
  bool any = false;                       // this stream has delivered an event
  bool ever = false;                      // some stream has
  bool stopped = false;                   // on_event or on_idle wants no more

  bool Idle() {
    if (!stopped && job.on_idle && job.on_idle()) stopped = true;
    return stopped;
  }

  // Whether the stream ended because of the connection, a server shutdown or load, not because of the job.
  bool MayResume(const grpc::Status& status) const {
    return status.error_code() == grpc::StatusCode::UNAVAILABLE || status.error_code() == grpc::StatusCode::CANCELLED ||
           (ever && status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  }
};

ExecutorClient::ExecutorClient(const ExecutorClientOptions& options)
    : options_(options), stub_(v1::ExecutorService::NewStub(MakeChannel(options.target, options.tls))) {}

absl::Status ExecutorClient::Named(const grpc::Status& status) const {
  absl::Status plain = FromGrpcStatus(status);
  if (plain.ok()) return plain;
  return absl::Status(plain.code(), absl::StrCat("executor at ", NameOfTarget(options_.target), ": ",
                                                 WhyFailed(plain, options_.target, options_.tls)));
}

template <typename Request, typename Response>
absl::StatusOr<Response> ExecutorClient::Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                                           Response*),
                                              const Request& request) {
  Response response;
  grpc::ClientContext context;
  SendTrace(context, options_.trace);
  context.set_deadline(std::chrono::system_clock::now() + options_.timeout);
  RETURN_IF_ERROR(Named((stub_.get()->*method)(&context, request, &response)));
  return response;
}

absl::StatusOr<v1::Job> ExecutorClient::CreateJob(v1::CreateJobRequest request) {
  if (request.request_id().empty()) request.set_request_id(NewRequestId());
  return JobOf(Call(&Stub::CreateJob, request));
}

absl::StatusOr<v1::Job> ExecutorClient::RetryJob(const std::string& id, const std::string& request_id) {
  auto request = RequestFor<v1::RetryJobRequest>(id);
  request.set_request_id(request_id.empty() ? NewRequestId() : request_id);
  return JobOf(Call(&Stub::RetryJob, request));
}

absl::StatusOr<v1::Job> ExecutorClient::GetJob(const std::string& id) {
  return JobOf(Call(&Stub::GetJob, RequestFor<v1::GetJobRequest>(id)));
}

absl::StatusOr<std::vector<v1::Job>> ExecutorClient::ListJobs(v1::ListJobsRequest request) {
  std::vector<v1::Job> jobs;
  request.set_page_size(kPageSize);
  do {
    ASSIGN_OR_RETURN(const v1::ListJobsResponse response, Call(&Stub::ListJobs, request));
    jobs.insert(jobs.end(), response.jobs().begin(), response.jobs().end());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return jobs;
}

absl::StatusOr<v1::Job> ExecutorClient::CancelJob(const std::string& id) {
  return JobOf(Call(&Stub::CancelJob, RequestFor<v1::CancelJobRequest>(id)));
}

absl::StatusOr<v1::Job> ExecutorClient::PauseJob(const std::string& id) {
  return JobOf(Call(&Stub::PauseJob, RequestFor<v1::PauseJobRequest>(id)));
}

absl::StatusOr<v1::Job> ExecutorClient::ResumeJob(const std::string& id) {
  return JobOf(Call(&Stub::ResumeJob, RequestFor<v1::ResumeJobRequest>(id)));
}

absl::Status ExecutorClient::DeleteJob(const std::string& id, bool delete_files) {
  auto request = RequestFor<v1::DeleteJobRequest>(id);
  request.set_delete_files(delete_files);
  return Call(&Stub::DeleteJob, request).status();
}

absl::StatusOr<v1::Job> ExecutorClient::ChangeJobMemory(const v1::ChangeJobMemoryRequest& request) {
  return JobOf(Call(&Stub::ChangeJobMemory, request));
}

absl::StatusOr<v1::Job> ExecutorClient::SetPriority(const std::string& id, int32_t priority) {
  auto request = RequestFor<v1::SetPriorityRequest>(id);
  request.set_priority(priority);
  return JobOf(Call(&Stub::SetPriority, request));
}

absl::StatusOr<std::vector<v1::StoredCheckpoint>> ExecutorClient::ListCheckpoints(const std::string& id) {
  ASSIGN_OR_RETURN(const v1::ListCheckpointsResponse response,
                   Call(&Stub::ListCheckpoints, RequestFor<v1::ListCheckpointsRequest>(id)));
  return std::vector<v1::StoredCheckpoint>(response.checkpoints().begin(), response.checkpoints().end());
}

absl::StatusOr<std::vector<v1::Device>> ExecutorClient::GetDevices() {
  ASSIGN_OR_RETURN(const v1::GetDevicesResponse response, Call(&Stub::GetDevices, v1::GetDevicesRequest()));
  return std::vector<v1::Device>(response.devices().begin(), response.devices().end());
}

absl::StatusOr<v1::GetJobLogResponse> ExecutorClient::GetJobLog(const std::string& id, int64_t offset_bytes) {
  auto request = RequestFor<v1::GetJobLogRequest>(id);
  request.set_offset_bytes(offset_bytes);
  return Call(&Stub::GetJobLog, request);
}

absl::Status ExecutorClient::DownloadModel(
    const std::string& id, int64_t offset_bytes,
    const std::function<absl::Status(const v1::DownloadModelResponse&)>& on_part) {
  auto request = RequestFor<v1::DownloadModelRequest>(id);
  request.set_offset_bytes(offset_bytes);
  grpc::ClientContext context;
  SendTrace(context, options_.trace);
  const auto stream = stub_->DownloadModel(&context, request);
  v1::DownloadModelResponse response;
  while (stream->Read(&response)) {
    if (absl::Status status = on_part(response); !status.ok()) {
      context.TryCancel();
      stream->Finish();
      return status;
    }
  }
  return Named(stream->Finish());
}

absl::StatusOr<std::string> ExecutorClient::Upload(FilePurpose purpose, const v1::FileDescription& file,
                                                   int64_t offset_bytes,
                                                   const std::function<absl::StatusOr<std::string>()>& next_part) {
  const auto send = [&](auto start, auto response) -> absl::StatusOr<std::string> {
    grpc::ClientContext context;
    SendTrace(context, options_.trace);
    const auto writer = start(&context, &response);
    absl::Status sent = SendParts(*writer, file, offset_bytes, next_part);
    if (!sent.ok()) context.TryCancel();
    writer->WritesDone();
    const grpc::Status status = writer->Finish();
    RETURN_IF_ERROR(sent);
    RETURN_IF_ERROR(Named(status));
    return response.path();
  };
  if (purpose == FilePurpose::kModel) {
    return send([this](auto... arguments) { return stub_->UploadModel(arguments...); }, v1::UploadModelResponse());
  }
  return send([this](auto... arguments) { return stub_->UploadData(arguments...); }, v1::UploadDataResponse());
}

absl::StatusOr<int64_t> ExecutorClient::GetUpload(const v1::FileDescription& file) {
  v1::GetUploadRequest request;
  *request.mutable_file() = file;
  ASSIGN_OR_RETURN(const v1::GetUploadResponse response, Call(&Stub::GetUpload, request));
  return response.received_bytes();
}

absl::Status ExecutorClient::WatchJob(const JobWatch& job) {
  Watch watch{.job = job};
  watch.request.set_id(job.id);
  watch.request.set_from_sequence(job.from_sequence);
  RetryWindow window(options_.reconnect);
  while (true) {
    watch.any = false;
    const grpc::Status status = WatchOnce(watch);
    if (watch.stopped) return absl::OkStatus();
    if (watch.any) window.Restart();
    if (!watch.MayResume(status)) return Named(status);
    if (job.on_lost && !window.open()) job.on_lost(Named(status));
    if (!window.Wait([&watch] { return watch.Idle(); })) return watch.stopped ? absl::OkStatus() : Named(status);
  }
}

// Asynchronous so that on_idle is called on this thread while the stream is silent.
grpc::Status ExecutorClient::WatchOnce(Watch& watch) {
  grpc::ClientContext context;
  SendTrace(context, options_.trace);
  grpc::CompletionQueue queue;
  // Waits for the operation that was started; false if it failed.
  const auto done = [&] {
    for (;;) {
      void* tag = nullptr;
      bool ok = false;
      const auto deadline = std::chrono::system_clock::now() + kIdle;
      if (queue.AsyncNext(&tag, &ok, deadline) == grpc::CompletionQueue::GOT_EVENT) return ok;
      if (watch.Idle()) context.TryCancel();
    }
  };
  const auto stream = stub_->PrepareAsyncWatchJob(&context, watch.request, &queue);
  stream->StartCall(&watch);
  v1::WatchJobResponse response;
  bool open = done();
  while (open && !watch.stopped) {
    stream->Read(&response, &watch);
    open = done();
    if (!open || watch.stopped) break;
    const v1::JobEvent& event = response.event();
    if (event.sequence() < watch.request.from_sequence()) continue;
    watch.any = watch.ever = true;
    watch.request.set_from_sequence(event.sequence() + 1);
    if (!watch.job.on_event(event)) watch.stopped = true;
  }
  if (watch.stopped) context.TryCancel();
  grpc::Status status;
  stream->Finish(&status, &watch);
  done();
  queue.Shutdown();
  void* tag = nullptr;
  for (bool ok = false; queue.Next(&tag, &ok);) {
  }
  return status;
}

}  // namespace recurve
