// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_EXECUTOR_SERVICE_H_
#define RECURVE_EXECUTOR_DAEMON_EXECUTOR_SERVICE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "executor/daemon/executor_metrics.h"
#include "executor/daemon/job_store.h"
#include "executor/daemon/owner_roots.h"
#include "executor/transfers/open_streams.h"
#include "executor/transfers/transfer_service.h"
#include "planner_service/access/access.h"
#include "planner_service/grpc_server/call_log.h"
#include "recurve/executor/v1/executor.grpc.pb.h"

namespace recurve {

// recurve.executor.v1 on top of a job store: decodes, calls, encodes, records. Changes of jobs wait for the disk;
// nothing else blocks, so that WatchJob streams occupy no thread. Streams beyond the limits of `watchers` are refused
// with RESOURCE_EXHAUSTED. Jobs and files belong to who made them, as executor.proto says. Thread-safe. The other
// objects must outlive it.
class ExecutorService final : public executor::v1::ExecutorService::CallbackService {
 public:
  ExecutorService(JobStore& store, TransferService& transfers, ExecutorMetrics& metrics, const OwnerRoots& roots,
                  const Access& access, OpenStreamsOptions watchers)
      : store_(store),
        transfers_(transfers),
        metrics_(metrics),
        roots_(roots),
        access_(access),
        watchers_(std::move(watchers)) {}

  grpc::ServerUnaryReactor* CreateJob(grpc::CallbackServerContext* context,
                                      const executor::v1::CreateJobRequest* request,
                                      executor::v1::CreateJobResponse* response) override;
  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context, const executor::v1::GetJobRequest* request,
                                   executor::v1::GetJobResponse* response) override;
  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context, const executor::v1::ListJobsRequest* request,
                                     executor::v1::ListJobsResponse* response) override;
  grpc::ServerUnaryReactor* CancelJob(grpc::CallbackServerContext* context,
                                      const executor::v1::CancelJobRequest* request,
                                      executor::v1::CancelJobResponse* response) override;
  grpc::ServerUnaryReactor* PauseJob(grpc::CallbackServerContext* context, const executor::v1::PauseJobRequest* request,
                                     executor::v1::PauseJobResponse* response) override;
  grpc::ServerUnaryReactor* ResumeJob(grpc::CallbackServerContext* context,
                                      const executor::v1::ResumeJobRequest* request,
                                      executor::v1::ResumeJobResponse* response) override;
  grpc::ServerUnaryReactor* RetryJob(grpc::CallbackServerContext* context, const executor::v1::RetryJobRequest* request,
                                     executor::v1::RetryJobResponse* response) override;
  grpc::ServerUnaryReactor* DeleteJob(grpc::CallbackServerContext* context,
                                      const executor::v1::DeleteJobRequest* request,
                                      executor::v1::DeleteJobResponse* response) override;
  grpc::ServerUnaryReactor* ChangeJobMemory(grpc::CallbackServerContext* context,
                                            const executor::v1::ChangeJobMemoryRequest* request,
                                            executor::v1::ChangeJobMemoryResponse* response) override;
  grpc::ServerUnaryReactor* SetPriority(grpc::CallbackServerContext* context,
                                        const executor::v1::SetPriorityRequest* request,
                                        executor::v1::SetPriorityResponse* response) override;
  grpc::ServerUnaryReactor* GetDevices(grpc::CallbackServerContext* context,
                                       const executor::v1::GetDevicesRequest* request,
                                       executor::v1::GetDevicesResponse* response) override;
  grpc::ServerUnaryReactor* ListCheckpoints(grpc::CallbackServerContext* context,
                                            const executor::v1::ListCheckpointsRequest* request,
                                            executor::v1::ListCheckpointsResponse* response) override;
  grpc::ServerUnaryReactor* GetUpload(grpc::CallbackServerContext* context,
                                      const executor::v1::GetUploadRequest* request,
                                      executor::v1::GetUploadResponse* response) override;
  grpc::ServerUnaryReactor* GetJobLog(grpc::CallbackServerContext* context,
                                      const executor::v1::GetJobLogRequest* request,
                                      executor::v1::GetJobLogResponse* response) override;
  grpc::ServerReadReactor<executor::v1::UploadDataRequest>* UploadData(
      grpc::CallbackServerContext* context, executor::v1::UploadDataResponse* response) override;
  grpc::ServerReadReactor<executor::v1::UploadModelRequest>* UploadModel(
      grpc::CallbackServerContext* context, executor::v1::UploadModelResponse* response) override;
  grpc::ServerWriteReactor<executor::v1::DownloadModelResponse>* DownloadModel(
      grpc::CallbackServerContext* context, const executor::v1::DownloadModelRequest* request) override;
  grpc::ServerWriteReactor<executor::v1::WatchJobResponse>* WatchJob(
      grpc::CallbackServerContext* context, const executor::v1::WatchJobRequest* request) override;

 private:
  // Unless the caller is refused, finishes the call with the status of `work`, or of an exception such as lack of
  // memory, and logs it. A call that changes something needs the role kSubmit.
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, const LoggedCall& call,
                                   absl::FunctionRef<absl::Status(const Caller&)> work);
  // The caller of a stream.
  absl::StatusOr<Caller> Admit(grpc::CallbackServerContext& context, Role needed) const;

  struct SavedModel {
    FilePlace place;
    std::unique_ptr<InputFile> file;
  };
  // The model file of a job, open. FAILED_PRECONDITION if it has saved none; errors of OpenModel.
  absl::StatusOr<SavedModel> ModelOf(const executor::v1::Job& job) const;
  // The model file at the job's save_path with this ending. Errors of OwnerRoots::Of, FilePlace::Find,
  // InputFile::OpenAt and CheckModelFile.
  absl::StatusOr<SavedModel> OpenModel(const executor::v1::Job& job, const char* ending) const;
  // Deletes what a deleted job has saved at its save_path.
  absl::Status DeleteModels(const executor::v1::Job& job) const;
  // OK if there is no such file.
  absl::Status DeleteModel(const executor::v1::Job& job, const char* ending) const;
  absl::StatusOr<executor::v1::GetJobLogResponse> LogOf(const executor::v1::GetJobLogRequest& request,
                                                        const Caller& caller) const;

  JobStore& store_;
  TransferService& transfers_;
  ExecutorMetrics& metrics_;
  const OwnerRoots& roots_;
  const Access& access_;
  OpenStreams watchers_;
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_EXECUTOR_SERVICE_H_
