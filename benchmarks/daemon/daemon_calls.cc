// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/daemon/daemon_calls.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "benchmarks/daemon/figures.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

absl::Status ToStatus(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace

DaemonCalls::DaemonCalls(const std::string& target) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a separate connection
  stub_ = executor::v1::ExecutorService::NewStub(
      grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments));
}

absl::StatusOr<executor::v1::Job> DaemonCalls::CreateJob(const executor::v1::JobSpec& spec) {
  grpc::ClientContext context;
  executor::v1::CreateJobRequest request;
  executor::v1::CreateJobResponse response;
  *request.mutable_spec() = spec;
  RETURN_IF_ERROR(ToStatus(stub_->CreateJob(&context, request, &response)));
  return std::move(*response.mutable_job());
}

absl::StatusOr<executor::v1::Job> DaemonCalls::GetJob(const std::string& id) {
  grpc::ClientContext context;
  executor::v1::GetJobRequest request;
  executor::v1::GetJobResponse response;
  request.set_id(id);
  RETURN_IF_ERROR(ToStatus(stub_->GetJob(&context, request, &response)));
  return std::move(*response.mutable_job());
}

absl::StatusOr<executor::v1::ListJobsResponse> DaemonCalls::ListJobs(const executor::v1::ListJobsRequest& request) {
  grpc::ClientContext context;
  executor::v1::ListJobsResponse response;
  RETURN_IF_ERROR(ToStatus(stub_->ListJobs(&context, request, &response)));
  return response;
}

absl::StatusOr<std::vector<executor::v1::JobEvent>> DaemonCalls::WatchJob(const std::string& id) {
  grpc::ClientContext context;
  executor::v1::WatchJobRequest request;
  request.set_id(id);
  const auto reader = stub_->WatchJob(&context, request);
  std::vector<executor::v1::JobEvent> events;
  for (executor::v1::WatchJobResponse response; reader->Read(&response);) {
    events.push_back(std::move(*response.mutable_event()));
  }
  RETURN_IF_ERROR(ToStatus(reader->Finish()));
  return events;
}

absl::Status DaemonCalls::WaitUntilIdle() {
  executor::v1::ListJobsRequest request;
  request.set_page_size(1);
  for (const auto state :
       {executor::v1::JOB_STATE_QUEUED, executor::v1::JOB_STATE_PLANNING, executor::v1::JOB_STATE_RUNNING}) {
    request.add_states(state);
  }
  for (;;) {
    ASSIGN_OR_RETURN(const executor::v1::ListJobsResponse response, ListJobs(request));
    if (response.jobs_size() == 0) return absl::OkStatus();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

absl::StatusOr<std::vector<double>> CreateJobs(const std::string& target, const executor::v1::JobSpec& spec,
                                               int clients, int each) {
  std::mutex mutex;
  std::vector<double> seconds;
  absl::Status status;
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i) {
    threads.emplace_back([&] {
      DaemonCalls calls(target);
      std::vector<double> own;
      const absl::Status made = Time(
          each, [&] { return calls.CreateJob(spec).status(); }, own);
      const std::lock_guard lock(mutex);
      status.Update(made);
      seconds.insert(seconds.end(), own.begin(), own.end());
    });
  }
  for (std::thread& thread : threads) thread.join();
  RETURN_IF_ERROR(status);
  return seconds;
}

}  // namespace recurve
