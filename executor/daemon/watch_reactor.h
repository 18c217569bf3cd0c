// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_EXECUTOR_DAEMON_WATCH_REACTOR_H_
#define RECURVE_EXECUTOR_DAEMON_WATCH_REACTOR_H_

#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "executor/daemon/job_store.h"
#include "planner_service/process/mutex.h"

namespace recurve {

// One WatchJob stream. Reads the store's events of a job one by one as fast as the client takes them, and sleeps
// without a thread when there are none. Ends when the job has ended, when it was forgotten, or when the client or the
// server ends the call. Owns itself until gRPC is done with it.
class WatchReactor final : public grpc::ServerWriteReactor<executor::v1::WatchJobResponse>, public EventListener {
 public:
  // Ends at once with `admission` when that is not OK. `on_end` is told once how the stream ended. The store must
  // outlive the stream.
  static WatchReactor* Start(JobStore& store, const executor::v1::WatchJobRequest& request, absl::Status admission,
                             std::function<void(const absl::Status&)> on_end);

  void OnEvent() override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  WatchReactor(JobStore& store, const executor::v1::WatchJobRequest& request,
               std::function<void(const absl::Status&)> on_end);

  // Whether the caller is now the one that may write or finish; if not, the one that is will look again.
  bool TakeTurn();
  // Writes the next event, or finishes, or gives the turn back. Of the thread whose turn it is.
  void Step();
  // The same, but for finishing: the status to finish with, none while the stream goes on.
  std::optional<absl::Status> Advance();
  void End(const absl::Status& status);

  JobStore& store_;
  const std::string id_;
  const std::function<void(const absl::Status&)> on_end_;

  Mutex mutex_;
  // Somebody writes or finishes. Stays true after the end, so that nobody touches a stream that gRPC may have freed.
  bool busy_ ABSL_GUARDED_BY(mutex_) = true;
  bool look_again_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t next_ ABSL_GUARDED_BY(mutex_);
  executor::v1::WatchJobResponse response_;  // of the write under way
  std::shared_ptr<WatchReactor> self_;       // let go of by OnDone
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_WATCH_REACTOR_H_
