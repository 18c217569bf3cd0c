// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_CALL_DEADLINE_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_CALL_DEADLINE_H_

#include <grpcpp/server_context.h>

#include <chrono>

#include "absl/status/status.h"

namespace recurve {

// Determines when a call must end: when its client cancels it, or when its deadline passes, which is the server's own
// for calls without one. The call's context must outlive it. Thread-safe.
class CallDeadline {
 public:
  // `own_deadline` counts from now.
  CallDeadline(const grpc::ServerContext& context, std::chrono::milliseconds own_deadline);

  std::chrono::system_clock::time_point time() const { return deadline_; }
  bool Ended() const { return DeadlinePassed() || context_.IsCancelled(); }

  // The status of a call that has ended. A client that cancels at its deadline does so slightly before the deadline
  // passes here; this counts as DEADLINE_EXCEEDED.
  absl::Status Reason() const;

 private:
  using TimePoint = std::chrono::system_clock::time_point;

  bool DeadlinePassed() const { return std::chrono::system_clock::now() >= deadline_; }

  const grpc::ServerContext& context_;
  const std::chrono::milliseconds own_deadline_;
  const bool has_own_;  // whether the server's deadline applies
  const TimePoint start_;
  const TimePoint deadline_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_CALL_DEADLINE_H_
