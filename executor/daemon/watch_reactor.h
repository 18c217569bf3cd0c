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

// One WatchJob stream. Sends the events of a job one by one as fast as the client accepts them, and occupies no thread
// while there are none. Ends when the job has ended or was forgotten, or when the client or the server ends the call.
// A caller who does not own the job sees its events as by Redacted. Owns itself until gRPC calls OnDone. Thread-safe.
class WatchReactor final : public grpc::ServerWriteReactor<executor::v1::WatchJobResponse>, public EventListener {
 public:
  // Ends at once with `admission` if that is not OK. Calls `on_end` once with the final status. The store must outlive
  // the stream.
  static WatchReactor* Start(JobStore& store, const executor::v1::WatchJobRequest& request, const Caller& caller,
                             absl::Status admission, std::function<void(const absl::Status&)> on_end);

  void OnEvent() override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  WatchReactor(JobStore& store, const executor::v1::WatchJobRequest& request,
               std::function<void(const absl::Status&)> on_end);

  // Takes `event` into the response, unless it must not be seen; returns whether there is something to write.
  bool Show(executor::v1::JobEvent event);
  // Returns whether the calling thread may now write or finish; otherwise the thread that may will look again.
  bool TakeTurn();
  // Writes the next event, or finishes, or releases the turn. Only for the thread whose turn it is.
  void Step();
  // The same without finishing: returns the status to finish with, or nothing while the stream continues.
  std::optional<absl::Status> Advance();
  void End(const absl::Status& status);

  JobStore& store_;
  const std::string id_;
  const std::function<void(const absl::Status&)> on_end_;
  bool redacted_ = true;  // set before the first event

  Mutex mutex_;
  // A thread is writing or finishing. Stays true after the end, so that no thread accesses a stream that gRPC may have
  // freed.
  bool busy_ ABSL_GUARDED_BY(mutex_) = true;
  bool look_again_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t next_ ABSL_GUARDED_BY(mutex_);
  executor::v1::WatchJobResponse response_;  // of the pending write
  std::shared_ptr<WatchReactor> self_;       // released by OnDone
};

}  // namespace recurve

#endif  // RECURVE_EXECUTOR_DAEMON_WATCH_REACTOR_H_
