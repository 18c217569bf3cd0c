// SPDX-License-Identifier: Apache-2.0
#include "client/executor_client.h"

#include <grpcpp/client_context.h>

#include <algorithm>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "planner_service/client/channel.h"
#include "planner_service/client/target.h"
#include "planner_service/grpc_server/grpc_status.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr int kPageSize = 500;
constexpr std::chrono::milliseconds kFirstResume{200};
constexpr std::chrono::milliseconds kLongestResume{3'000};

std::string NewRequestId() {
  std::random_device random;
  std::string id;
  for (int i = 0; i < 4; ++i) absl::StrAppend(&id, absl::Hex(random(), absl::kZeroPad8));
  return id;
}

// Whether the stream ended because of the connection or a server shutdown, not because of the job.
bool MayResume(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE || status.error_code() == grpc::StatusCode::CANCELLED;
}

}  // namespace

struct ExecutorClient::Watch {
  executor::v1::WatchJobRequest request;  // from_sequence is the next event
  const std::function<bool(const executor::v1::JobEvent&)>& on_event;
  bool any = false;      // this stream has delivered an event
  bool stopped = false;  // on_event returned false
};

ExecutorClient::ExecutorClient(const ExecutorClientOptions& options)
    : options_(options), stub_(executor::v1::ExecutorService::NewStub(MakeChannel(options.target))) {}

absl::Status ExecutorClient::Named(const grpc::Status& status) const {
  absl::Status plain = FromGrpcStatus(status);
  if (plain.ok()) return plain;
  return absl::Status(plain.code(), absl::StrCat("executor at ", NameOfTarget(options_.target), ": ", plain.message()));
}

absl::StatusOr<executor::v1::Job> ExecutorClient::CreateJob(const executor::v1::JobSpec& spec,
                                                            const std::string& request_id) {
  executor::v1::CreateJobRequest request;
  executor::v1::CreateJobResponse response;
  request.set_request_id(request_id.empty() ? NewRequestId() : request_id);
  *request.mutable_spec() = spec;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + options_.timeout);
  RETURN_IF_ERROR(Named(stub_->CreateJob(&context, request, &response)));
  return response.job();
}

absl::StatusOr<executor::v1::Job> ExecutorClient::GetJob(const std::string& id) {
  executor::v1::GetJobRequest request;
  executor::v1::GetJobResponse response;
  request.set_id(id);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + options_.timeout);
  RETURN_IF_ERROR(Named(stub_->GetJob(&context, request, &response)));
  return response.job();
}

absl::StatusOr<std::vector<executor::v1::Job>> ExecutorClient::ListJobs(executor::v1::JobState state) {
  std::vector<executor::v1::Job> jobs;
  executor::v1::ListJobsRequest request;
  request.set_page_size(kPageSize);
  if (state != executor::v1::JOB_STATE_UNSPECIFIED) request.add_states(state);
  do {
    executor::v1::ListJobsResponse response;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + options_.timeout);
    RETURN_IF_ERROR(Named(stub_->ListJobs(&context, request, &response)));
    jobs.insert(jobs.end(), response.jobs().begin(), response.jobs().end());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return jobs;
}

absl::StatusOr<executor::v1::Job> ExecutorClient::CancelJob(const std::string& id) {
  executor::v1::CancelJobRequest request;
  executor::v1::CancelJobResponse response;
  request.set_id(id);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + options_.timeout);
  RETURN_IF_ERROR(Named(stub_->CancelJob(&context, request, &response)));
  return response.job();
}

absl::Status ExecutorClient::WatchJob(const std::string& id, int64_t from_sequence,
                                      const std::function<bool(const executor::v1::JobEvent&)>& on_event) {
  Watch watch{.on_event = on_event};
  watch.request.set_id(id);
  watch.request.set_from_sequence(from_sequence);
  int resumes = 0;
  std::chrono::milliseconds pause = kFirstResume;
  while (true) {
    watch.any = false;
    const grpc::Status status = WatchOnce(watch);
    if (watch.stopped) return absl::OkStatus();
    if (watch.any) {
      resumes = 0;
      pause = kFirstResume;
    }
    if (!MayResume(status) || resumes == options_.max_resumes) return Named(status);
    ++resumes;
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, kLongestResume);
  }
}

grpc::Status ExecutorClient::WatchOnce(Watch& watch) {
  grpc::ClientContext context;
  const auto stream = stub_->WatchJob(&context, watch.request);
  executor::v1::WatchJobResponse response;
  while (stream->Read(&response)) {
    const executor::v1::JobEvent& event = response.event();
    if (event.sequence() < watch.request.from_sequence()) continue;
    watch.any = true;
    watch.request.set_from_sequence(event.sequence() + 1);
    if (!watch.on_event(event)) {
      watch.stopped = true;
      context.TryCancel();
      break;
    }
  }
  return stream->Finish();
}

}  // namespace recurve
