// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_EXECUTOR_SERVICE_H_
#define RECURVE_EXECUTOR_DAEMON_EXECUTOR_SERVICE_H_

#include <atomic>
#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "executor/daemon/executor_metrics.h"
#include "executor/daemon/job_store.h"
#include "recurve/executor/v1/executor.grpc.pb.h"

namespace recurve {

// recurve.executor.v1 on top of a job store: decodes, calls, encodes, records. Nothing blocks, so that calls, including
// WatchJob streams, occupy no thread. Streams beyond `max_watchers` are refused with RESOURCE_EXHAUSTED. Thread-safe.
// The store and the metrics must outlive it.
class ExecutorService final : public executor::v1::ExecutorService::CallbackService {
 public:
  ExecutorService(JobStore& store, ExecutorMetrics& metrics, int max_watchers)
      : store_(store), metrics_(metrics), max_watchers_(max_watchers) {}

  grpc::ServerUnaryReactor* CreateJob(grpc::CallbackServerContext* context,
                                      const executor::v1::CreateJobRequest* request,
                                      executor::v1::CreateJobResponse* response) override;
  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context, const executor::v1::GetJobRequest* request,
                                   executor::v1::GetJobResponse* response) override;
  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context, const executor::v1::ListJobsRequest* request,
                                     executor::v1::ListJobsResponse* response) override;
  grpc::ServerWriteReactor<executor::v1::WatchJobResponse>* WatchJob(
      grpc::CallbackServerContext* context, const executor::v1::WatchJobRequest* request) override;
  grpc::ServerUnaryReactor* CancelJob(grpc::CallbackServerContext* context,
                                      const executor::v1::CancelJobRequest* request,
                                      executor::v1::CancelJobResponse* response) override;

 private:
  // Finishes the call with the status of `work`, or of an exception such as lack of memory.
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, const char* method,
                                   absl::FunctionRef<absl::Status()> work);

  JobStore& store_;
  ExecutorMetrics& metrics_;
  const int max_watchers_;
  std::atomic<int> watchers_{0};
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_EXECUTOR_SERVICE_H_
