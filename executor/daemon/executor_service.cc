// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/executor_service.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/codec/job_codec.h"
#include "executor/daemon/watch_reactor.h"
#include "planner_service/grpc_server/grpc_status.h"
#include "planner_service/process/failures.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr int kMaxRequestIdCharacters = 128;
constexpr std::chrono::milliseconds kRetryDelay{1000};  // for calls refused because of load

absl::Status CheckRequestId(const std::string& id) {
  // Counts the bytes that start a UTF-8 character.
  const auto characters = std::count_if(id.begin(), id.end(), [](char c) { return (c & 0xC0) != 0x80; });
  if (characters <= kMaxRequestIdCharacters) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("request_id has ", characters, " characters; at most ", kMaxRequestIdCharacters, " are allowed"));
}

absl::StatusOr<executor::v1::Job> Create(JobStore& store, const executor::v1::CreateJobRequest& request) {
  RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  const absl::StatusOr<JobSpec> spec = DecodeJobSpec(request.spec());
  if (!spec.ok()) return absl::Status(spec.status().code(), absl::StrCat("spec.", spec.status().message()));
  // Stored and returned with all defaults filled in, so that clients need not know them.
  return store.Create(request.request_id(), EncodeJobSpec(*spec), *spec);
}

// Moves the value of `result` to `place`.
template <typename T>
absl::Status Take(absl::StatusOr<T> result, T* place) {
  if (!result.ok()) return result.status();
  *place = *std::move(result);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* ExecutorService::CreateJob(grpc::CallbackServerContext* context,
                                                     const executor::v1::CreateJobRequest* request,
                                                     executor::v1::CreateJobResponse* response) {
  return Answer(context, "CreateJob", [&] { return Take(Create(store_, *request), response->mutable_job()); });
}

grpc::ServerUnaryReactor* ExecutorService::GetJob(grpc::CallbackServerContext* context,
                                                  const executor::v1::GetJobRequest* request,
                                                  executor::v1::GetJobResponse* response) {
  return Answer(context, "GetJob", [&] { return Take(store_.Get(request->id()), response->mutable_job()); });
}

grpc::ServerUnaryReactor* ExecutorService::ListJobs(grpc::CallbackServerContext* context,
                                                    const executor::v1::ListJobsRequest* request,
                                                    executor::v1::ListJobsResponse* response) {
  return Answer(context, "ListJobs", [&] { return Take(store_.List(*request), response); });
}

grpc::ServerUnaryReactor* ExecutorService::CancelJob(grpc::CallbackServerContext* context,
                                                     const executor::v1::CancelJobRequest* request,
                                                     executor::v1::CancelJobResponse* response) {
  return Answer(context, "CancelJob", [&] { return Take(store_.Cancel(request->id()), response->mutable_job()); });
}

grpc::ServerWriteReactor<executor::v1::WatchJobResponse>* ExecutorService::WatchJob(
    grpc::CallbackServerContext* context, const executor::v1::WatchJobRequest* request) {
  absl::Status refusal;
  if (request->from_sequence() < 0) {
    refusal = absl::InvalidArgumentError(absl::StrCat("from_sequence is ", request->from_sequence(),
                                                      "; give at least 0, where 0 means the first event"));
  }
  if (watchers_.fetch_add(1) >= max_watchers_ && refusal.ok()) {
    AddRetryDelay(*context, kRetryDelay);
    refusal = absl::ResourceExhaustedError(
        absl::StrCat(max_watchers_, " WatchJob streams are open, the limit (--max-watchers); retry later"));
  }
  metrics_.AddWatchers(+1);
  return WatchReactor::Start(store_, *request, std::move(refusal), [this](const absl::Status& status) {
    watchers_.fetch_sub(1);
    metrics_.AddWatchers(-1);
    metrics_.CountRequest("WatchJob", status.code());
  });
}

grpc::ServerUnaryReactor* ExecutorService::Answer(grpc::CallbackServerContext* context, const char* method,
                                                  absl::FunctionRef<absl::Status()> work) {
  const absl::Status status = CatchFailures("the call", work);
  metrics_.CountRequest(method, status.code());
  if (absl::IsResourceExhausted(status)) AddRetryDelay(*context, kRetryDelay);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

}  // namespace recurve
