// SPDX-License-Identifier: Apache-2.0
//
// The RPCs of a daemon in its log and in the traces of their callers.
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_CALL_LOG_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_CALL_LOG_H_

#include <grpcpp/server_context.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "planner_service/grpc_server/log_entry.h"
#include "planner_service/process/mutex.h"
#include "planner_service/trace/trace_context.h"

namespace recurve {

enum class CallEffect : uint8_t { kReads, kChanges };

// A call, for the log of the daemon and the trace of the caller.
//
//   LoggedCall call(*context, "CancelJob", CallEffect::kChanges, request->id());
//   absl::Status status = ...;
//   call.Log(status);
struct LoggedCall {
  // Starts a span for the call: in the trace of the caller if the call has one valid traceparent in its metadata, in a
  // new trace otherwise. The answer carries the span as traceparent in its initial metadata, which must not have been
  // sent yet. `method` must outlive the object.
  LoggedCall(grpc::ServerContextBase& context, const char* method, CallEffect effect, std::string job_id = "");

  // Logs that the call of `owner` (of a Caller; empty: anonymous or refused) has ended: at level info if it has changed
  // something, at debug if not or if the client cancelled it. Failures are logged at level warning, at a bounded rate.
  void Log(const absl::Status& status, const std::string& owner = "") const;

  const char* method;
  CallEffect effect;
  TraceContext span;
  LogIds ids;  // the span's, the peer, and those that the call concerns
};

// Bounds the rate of entries in a log: at first `burst`, then one per `interval`. Thread-safe.
class LogRate {
 public:
  LogRate(int burst, std::chrono::milliseconds interval) : burst_(burst), interval_(interval) {}

  // Whether an entry may be logged now: how many were refused since the last one that was not; nullopt if not.
  std::optional<int64_t> Take(std::chrono::steady_clock::time_point now);

 private:
  const int burst_;
  const std::chrono::milliseconds interval_;
  Mutex mutex_;
  // When as many entries as ever may be logged: each entry postpones it by an interval.
  std::chrono::steady_clock::time_point full_ ABSL_GUARDED_BY(mutex_);
  int64_t refused_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_CALL_LOG_H_
