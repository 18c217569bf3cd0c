// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_CALL_DEADLINE_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_CALL_DEADLINE_H_

#include <grpcpp/server_context.h>

#include <chrono>

#include "absl/status/status.h"

namespace recurve {

// How long a call may still take: until its client goes away, its deadline passes, or, when it came without one, the
// server's own has passed. Refers to the call's context. Thread-safe.
class CallDeadline {
 public:
  // Counts from now.
  CallDeadline(const grpc::ServerContext& context, std::chrono::milliseconds own_deadline);

  bool Ended() const { return DeadlinePassed() || context_.IsCancelled(); }

  // What to say of a call whose deadline has ended. A client that gives up at its deadline is heard of a little before
  // the deadline passes here; that counts as the deadline.
  absl::Status Reason() const;

 private:
  using TimePoint = std::chrono::system_clock::time_point;

  bool DeadlinePassed() const { return std::chrono::system_clock::now() >= deadline_; }

  const grpc::ServerContext& context_;
  const std::chrono::milliseconds own_deadline_;
  const bool has_own_;  // the server's deadline holds
  const TimePoint start_;
  const TimePoint deadline_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_CALL_DEADLINE_H_
