// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/executor_service.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "executor/codec/job_codec.h"
#include "executor/daemon/ownership.h"
#include "executor/daemon/watch_reactor.h"
#include "executor/data/input_file.h"
#include "executor/data/posix_error.h"
#include "executor/model/model_file.h"
#include "executor/transfers/job_log.h"
#include "executor/transfers/list_checkpoints.h"
#include "planner_service/grpc_server/grpc_status.h"
#include "planner_service/process/failures.h"
#include "planner_service/status/status_macros.h"
#include "planner_service/trace/trace_context.h"

namespace recurve {
namespace {

constexpr int kMaxCharacters = 128;  // of a request id, a display name and an owner
constexpr int kMaxLabels = 64;
constexpr int kMaxLabelKey = 63;
constexpr int kMaxLabelValue = 255;
constexpr int kMaxPriority = 1000;
constexpr std::chrono::milliseconds kRetryDelay{1000};  // for calls refused because of load

absl::Status CheckLength(const char* field, const std::string& text, int64_t most, int64_t least = 0) {
  // Counts the bytes that start a UTF-8 character.
  const auto characters = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
  if (characters >= least && characters <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " has ", characters, " characters; must have ", least, " to ", most));
}

absl::Status CheckLabels(const google::protobuf::Map<std::string, std::string>& labels) {
  if (labels.size() > kMaxLabels) {
    return absl::InvalidArgumentError(
        absl::StrCat("labels has ", labels.size(), " entries; must have at most ", kMaxLabels));
  }
  for (const auto& [key, value] : labels) {
    RETURN_IF_ERROR(CheckLength("a key of labels", key, kMaxLabelKey, 1));
    RETURN_IF_ERROR(CheckLength("a value of labels", value, kMaxLabelValue));
  }
  return absl::OkStatus();
}

absl::Status CheckPriority(int64_t priority, const Caller& caller) {
  if (priority > 0 && caller.role != Role::kAdmin) {
    return absl::PermissionDeniedError(absl::StrCat(
        "priority is ", priority, "; only administrators may put a job before those of others, so give at most 0"));
  }
  if (priority >= -kMaxPriority && priority <= kMaxPriority) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("priority is ", priority, "; must be ", -kMaxPriority, " to ", kMaxPriority));
}

absl::StatusOr<executor::v1::Job> Create(JobStore& store, const OwnerRoots& roots,
                                         executor::v1::CreateJobRequest request, const TraceContext& span,
                                         const Caller& caller) {
  RETURN_IF_ERROR(CheckLength("request_id", request.request_id(), kMaxCharacters));
  RETURN_IF_ERROR(CheckLength("display_name", request.display_name(), kMaxCharacters));
  RETURN_IF_ERROR(CheckLength("owner", request.owner(), kMaxCharacters));
  ASSIGN_OR_RETURN(*request.mutable_owner(), OwnerOfNewJob(caller, request.owner()));
  RETURN_IF_ERROR(CheckLabels(request.labels()));
  RETURN_IF_ERROR(CheckPriority(request.priority(), caller));
  ASSIGN_OR_RETURN(const PathRoots roots_of_owner, roots.Of(request.owner()));
  absl::StatusOr<JobSpec> spec = DecodeJobSpec(request.spec());
  if (spec.ok()) spec = roots_of_owner.Confine(*std::move(spec));
  if (!spec.ok()) return absl::Status(spec.status().code(), absl::StrCat("spec.", spec.status().message()));
  // Stored and returned with all defaults filled in, so that clients need not know them.
  return store.Create(request, EncodeJobSpec(*spec), FormatTraceparent(span), caller);
}

absl::StatusOr<executor::v1::Job> Retry(JobStore& store, const OwnerRoots& roots,
                                        const executor::v1::RetryJobRequest& request, const TraceContext& span,
                                        const Caller& caller) {
  ASSIGN_OR_RETURN(const executor::v1::Job job, store.GetOwn(request.id(), caller));
  if (job.state() != executor::v1::JOB_STATE_FAILED && job.state() != executor::v1::JOB_STATE_CANCELLED) {
    return absl::FailedPreconditionError(absl::StrCat("job ", job.id(), " is ",
                                                      executor::v1::JobState_Name(job.state()).substr(10),
                                                      "; only a job that FAILED or was CANCELLED can be retried"));
  }
  executor::v1::CreateJobRequest create;
  create.set_request_id(request.request_id());
  *create.mutable_spec() = job.spec();
  create.set_display_name(job.display_name());
  *create.mutable_labels() = job.labels();
  create.set_owner(job.owner());
  create.set_priority(caller.role == Role::kAdmin ? job.priority() : std::min(job.priority(), 0));
  return Create(store, roots, std::move(create), span, caller);
}

absl::StatusOr<executor::v1::Job> ChangeMemory(JobStore& store, const executor::v1::ChangeJobMemoryRequest& request,
                                               const Caller& caller) {
  if (request.memory_case() == executor::v1::ChangeJobMemoryRequest::MEMORY_NOT_SET) {
    return absl::InvalidArgumentError("memory is unset; set memory_bytes, activation_share or all_free");
  }
  return store.ChangeMemory(request.id(), request, caller);
}

absl::StatusOr<executor::v1::Job> ChangePriority(JobStore& store, const executor::v1::SetPriorityRequest& request,
                                                 const Caller& caller) {
  RETURN_IF_ERROR(CheckPriority(request.priority(), caller));
  return store.SetPriority(request.id(), request.priority(), caller);
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
  LoggedCall call(*context, "CreateJob", CallEffect::kChanges);
  call.ids.request_id = request->request_id();
  return Answer(context, call, [&](const Caller& caller) -> absl::Status {
    RETURN_IF_ERROR(Take(Create(store_, roots_, *request, call.span, caller), response->mutable_job()));
    call.ids.job_id = response->job().id();
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ExecutorService::GetJob(grpc::CallbackServerContext* context,
                                                  const executor::v1::GetJobRequest* request,
                                                  executor::v1::GetJobResponse* response) {
  return Answer(context, LoggedCall(*context, "GetJob", CallEffect::kReads, request->id()),
                [&](const Caller& caller) { return Take(store_.Get(request->id(), caller), response->mutable_job()); });
}

grpc::ServerUnaryReactor* ExecutorService::ListJobs(grpc::CallbackServerContext* context,
                                                    const executor::v1::ListJobsRequest* request,
                                                    executor::v1::ListJobsResponse* response) {
  return Answer(context, LoggedCall(*context, "ListJobs", CallEffect::kReads),
                [&](const Caller& caller) { return Take(store_.List(*request, caller), response); });
}

grpc::ServerUnaryReactor* ExecutorService::CancelJob(grpc::CallbackServerContext* context,
                                                     const executor::v1::CancelJobRequest* request,
                                                     executor::v1::CancelJobResponse* response) {
  return Answer(
      context, LoggedCall(*context, "CancelJob", CallEffect::kChanges, request->id()),
      [&](const Caller& caller) { return Take(store_.Cancel(request->id(), caller), response->mutable_job()); });
}

grpc::ServerUnaryReactor* ExecutorService::PauseJob(grpc::CallbackServerContext* context,
                                                    const executor::v1::PauseJobRequest* request,
                                                    executor::v1::PauseJobResponse* response) {
  return Answer(
      context, LoggedCall(*context, "PauseJob", CallEffect::kChanges, request->id()),
      [&](const Caller& caller) { return Take(store_.Pause(request->id(), caller), response->mutable_job()); });
}

grpc::ServerUnaryReactor* ExecutorService::ResumeJob(grpc::CallbackServerContext* context,
                                                     const executor::v1::ResumeJobRequest* request,
                                                     executor::v1::ResumeJobResponse* response) {
  return Answer(
      context, LoggedCall(*context, "ResumeJob", CallEffect::kChanges, request->id()),
      [&](const Caller& caller) { return Take(store_.Resume(request->id(), caller), response->mutable_job()); });
}

grpc::ServerUnaryReactor* ExecutorService::RetryJob(grpc::CallbackServerContext* context,
                                                    const executor::v1::RetryJobRequest* request,
                                                    executor::v1::RetryJobResponse* response) {
  LoggedCall call(*context, "RetryJob", CallEffect::kChanges, request->id());
  call.ids.request_id = request->request_id();
  return Answer(context, call, [&](const Caller& caller) -> absl::Status {
    RETURN_IF_ERROR(Take(Retry(store_, roots_, *request, call.span, caller), response->mutable_job()));
    call.ids.job_id = response->job().id();
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ExecutorService::ChangeJobMemory(grpc::CallbackServerContext* context,
                                                           const executor::v1::ChangeJobMemoryRequest* request,
                                                           executor::v1::ChangeJobMemoryResponse* response) {
  return Answer(
      context, LoggedCall(*context, "ChangeJobMemory", CallEffect::kChanges, request->id()),
      [&](const Caller& caller) { return Take(ChangeMemory(store_, *request, caller), response->mutable_job()); });
}

grpc::ServerUnaryReactor* ExecutorService::SetPriority(grpc::CallbackServerContext* context,
                                                       const executor::v1::SetPriorityRequest* request,
                                                       executor::v1::SetPriorityResponse* response) {
  return Answer(
      context, LoggedCall(*context, "SetPriority", CallEffect::kChanges, request->id()),
      [&](const Caller& caller) { return Take(ChangePriority(store_, *request, caller), response->mutable_job()); });
}

grpc::ServerUnaryReactor* ExecutorService::DeleteJob(grpc::CallbackServerContext* context,
                                                     const executor::v1::DeleteJobRequest* request,
                                                     executor::v1::DeleteJobResponse*) {
  return Answer(context, LoggedCall(*context, "DeleteJob", CallEffect::kChanges, request->id()),
                [&](const Caller& caller) -> absl::Status {
                  ASSIGN_OR_RETURN(const executor::v1::Job job, store_.GetOwn(request->id(), caller));
                  RETURN_IF_ERROR(store_.Delete(request->id(), caller));
                  return request->delete_files() ? DeleteModels(job) : absl::OkStatus();
                });
}

absl::Status ExecutorService::DeleteModels(const executor::v1::Job& job) const {
  absl::Status status;
  if (job.model_saved()) status = DeleteModel(job, "");
  // What a job that was stopped leaves beside a model (ModelSaver::Keep).
  if (!job.spec().save_path().empty() && job.progress().step() > 0) status.Update(DeleteModel(job, ".partial"));
  if (status.ok()) return status;
  return {status.code(), absl::StrCat("the job is deleted, but not all of its files: ", status.message())};
}

absl::Status ExecutorService::DeleteModel(const executor::v1::Job& job, const char* ending) const {
  const absl::StatusOr<SavedModel> model = OpenModel(job, ending);
  if (absl::IsNotFound(model.status())) return absl::OkStatus();
  RETURN_IF_ERROR(model.status());
  const FilePlace& place = model->place;
  if (unlinkat(place.directory.get(), place.name.c_str(), 0) == 0 || errno == ENOENT) return absl::OkStatus();
  return PosixError(errno, "delete", model->file->name());
}

absl::StatusOr<ExecutorService::SavedModel> ExecutorService::ModelOf(const executor::v1::Job& job) const {
  if (!job.model_saved()) {
    return absl::FailedPreconditionError(absl::StrCat("job ", job.id(), " has saved no model"));
  }
  return OpenModel(job, "");
}

absl::StatusOr<ExecutorService::SavedModel> ExecutorService::OpenModel(const executor::v1::Job& job,
                                                                       const char* ending) const {
  ASSIGN_OR_RETURN(JobSpec spec, DecodeJobSpec(job.spec()));
  ASSIGN_OR_RETURN(const PathRoots roots, roots_.Of(job.owner()));
  ASSIGN_OR_RETURN(spec, roots.Confine(std::move(spec)));
  const FilePath path = spec.model_file() + ending;
  SavedModel model;
  ASSIGN_OR_RETURN(model.place, FilePlace::Find(path, "open"));
  ASSIGN_OR_RETURN(model.file, InputFile::OpenAt(model.place, path));
  // Another program may have put a file there since.
  RETURN_IF_ERROR(CheckModelFile(*model.file));
  return model;
}

grpc::ServerWriteReactor<executor::v1::DownloadModelResponse>* ExecutorService::DownloadModel(
    grpc::CallbackServerContext* context, const executor::v1::DownloadModelRequest* request) {
  const absl::StatusOr<Caller> caller = Admit(*context, Role::kSubmit);
  const auto file = [&]() -> absl::StatusOr<std::unique_ptr<InputFile>> {
    RETURN_IF_ERROR(caller.status());
    ASSIGN_OR_RETURN(const executor::v1::Job job, store_.GetOwn(request->id(), *caller));
    ASSIGN_OR_RETURN(SavedModel model, ModelOf(job));
    return std::move(model.file);
  };
  return transfers_.DownloadModel(context, *request, caller, file());
}

grpc::ServerReadReactor<executor::v1::UploadDataRequest>* ExecutorService::UploadData(
    grpc::CallbackServerContext* context, executor::v1::UploadDataResponse* response) {
  return transfers_.UploadData(context, response, Admit(*context, Role::kSubmit));
}

grpc::ServerReadReactor<executor::v1::UploadModelRequest>* ExecutorService::UploadModel(
    grpc::CallbackServerContext* context, executor::v1::UploadModelResponse* response) {
  return transfers_.UploadModel(context, response, Admit(*context, Role::kSubmit));
}

grpc::ServerUnaryReactor* ExecutorService::GetUpload(grpc::CallbackServerContext* context,
                                                     const executor::v1::GetUploadRequest* request,
                                                     executor::v1::GetUploadResponse* response) {
  return Answer(context, LoggedCall(*context, "GetUpload", CallEffect::kReads),
                [&](const Caller& caller) { return Take(transfers_.GetUpload(*request, caller), response); });
}

grpc::ServerUnaryReactor* ExecutorService::ListCheckpoints(grpc::CallbackServerContext* context,
                                                           const executor::v1::ListCheckpointsRequest* request,
                                                           executor::v1::ListCheckpointsResponse* response) {
  return Answer(context, LoggedCall(*context, "ListCheckpoints", CallEffect::kReads, request->id()),
                [&](const Caller& caller) -> absl::Status {
                  RETURN_IF_ERROR(store_.GetOwn(request->id(), caller).status());
                  return Take(recurve::ListCheckpoints(store_.DirectoryOf(request->id())), response);
                });
}

grpc::ServerUnaryReactor* ExecutorService::GetJobLog(grpc::CallbackServerContext* context,
                                                     const executor::v1::GetJobLogRequest* request,
                                                     executor::v1::GetJobLogResponse* response) {
  return Answer(context, LoggedCall(*context, "GetJobLog", CallEffect::kReads, request->id()),
                [&](const Caller& caller) { return Take(LogOf(*request, caller), response); });
}

absl::StatusOr<executor::v1::GetJobLogResponse> ExecutorService::LogOf(const executor::v1::GetJobLogRequest& request,
                                                                       const Caller& caller) const {
  RETURN_IF_ERROR(store_.GetOwn(request.id(), caller).status());
  executor::v1::JobEvent event;
  const auto next = [&](int64_t from) -> const executor::v1::JobEvent* {
    absl::StatusOr<JobStore::NextEvent> found = store_.EventFrom(request.id(), from);
    if (!found.ok() || !found->event) return nullptr;
    event = *std::move(found->event);
    return &event;
  };
  return RenderJobLog(next, request.offset_bytes(), request.max_bytes());
}

grpc::ServerUnaryReactor* ExecutorService::GetDevices(grpc::CallbackServerContext* context,
                                                      const executor::v1::GetDevicesRequest*,
                                                      executor::v1::GetDevicesResponse* response) {
  return Answer(context, LoggedCall(*context, "GetDevices", CallEffect::kReads), [&](const Caller&) {
    for (executor::v1::Device& device : store_.Devices()) *response->add_devices() = std::move(device);
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<executor::v1::WatchJobResponse>* ExecutorService::WatchJob(
    grpc::CallbackServerContext* context, const executor::v1::WatchJobRequest* request) {
  const absl::StatusOr<Caller> caller = Admit(*context, Role::kRead);
  absl::Status admission = caller.status();
  if (admission.ok()) admission = watchers_.Open(caller->client);
  const bool counted = admission.ok();
  if (absl::IsResourceExhausted(admission)) AddRetryDelay(*context, kRetryDelay);
  if (counted && request->from_sequence() < 0) {
    admission = absl::InvalidArgumentError(absl::StrCat("from_sequence is ", request->from_sequence(),
                                                        "; give at least 0, where 0 means the first event"));
  }
  metrics_.AddWatchers(+1);
  const LoggedCall call(*context, "WatchJob", CallEffect::kReads, request->id());
  return WatchReactor::Start(store_, *request, caller.value_or(Caller()), std::move(admission),
                             [this, call, caller, counted](const absl::Status& status) {
                               if (counted) watchers_.Close(caller->client);
                               metrics_.AddWatchers(-1);
                               metrics_.CountRequest(call.method, status.code());
                               call.Log(status, caller.ok() ? caller->owner : "");
                             });
}

grpc::ServerUnaryReactor* ExecutorService::Answer(grpc::CallbackServerContext* context, const LoggedCall& call,
                                                  absl::FunctionRef<absl::Status(const Caller&)> work) {
  const absl::StatusOr<Caller> caller =
      access_.Admit(*context, call.effect == CallEffect::kReads ? Role::kRead : Role::kSubmit);
  const absl::Status status = caller.ok() ? CatchFailures("the call", [&] { return work(*caller); }) : caller.status();
  metrics_.CountRequest(call.method, status.code());
  call.Log(status, caller.ok() ? caller->owner : "");
  if (absl::IsResourceExhausted(status)) AddRetryDelay(*context, kRetryDelay);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

absl::StatusOr<Caller> ExecutorService::Admit(grpc::CallbackServerContext& context, Role needed) const {
  absl::StatusOr<Caller> caller = access_.Admit(context, needed);
  if (absl::IsResourceExhausted(caller.status())) AddRetryDelay(context, kRetryDelay);
  return caller;
}

}  // namespace recurve
