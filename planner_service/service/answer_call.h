// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_ANSWER_CALL_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_ANSWER_CALL_H_

#include <grpcpp/server_context.h>

#include <chrono>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planner_service/access/access.h"
#include "planner_service/grpc_server/call_log.h"
#include "planner_service/grpc_server/grpc_status.h"
#include "planner_service/planning/planner.h"
#include "planner_service/process/failures.h"
#include "planner_service/service/call_deadline.h"
#include "planner_service/service/call_memory.h"
#include "planner_service/service/call_scope.h"
#include "planner_service/service/planner_metrics.h"
#include "planner_service/status/retry_delay.h"

namespace recurve {

// Settings shared by all RPCs of the planner service.
struct CallRules {
  std::chrono::milliseconds deadline;  // for calls without one
  PlannerMetrics& metrics;
  const Access& access;
  CallMemory* memory = nullptr;  // null: no limit
};

// Memory of a call besides its request and answer: its thread, its connection.
inline constexpr int64_t kCallBytes = 64 << 10;

// The memory of a request while it is held: the message and what it is decoded to, which takes less.
template <typename Request>
int64_t RequestBytes(const Request& request) {
  return 2 * static_cast<int64_t>(request.SpaceUsedLong());
}

// Unless the caller is refused, runs `answer(cancelled)`, which returns an absl::Status and polls `cancelled`, while
// `bytes` are reserved for the call and CallScope names its origin; records and logs the call as `method`; passes the
// retry delay of a status on; replaces CANCELLED by the actual reason. When memory runs out, only this call ends, with
// RESOURCE_EXHAUSTED.
template <typename Answer>
grpc::Status AnswerCall(grpc::ServerContext& context, const char* method, const CallRules& rules, int64_t bytes,
                        Answer answer) {
  const auto start = std::chrono::steady_clock::now();
  const LoggedCall call(context, method, CallEffect::kReads);
  const CallDeadline deadline(context, rules.deadline);
  absl::StatusOr<Caller> caller = rules.access.Admit(context, Role::kRead);
  absl::Status status = caller.status();
  if (absl::IsResourceExhausted(status)) status = WithRetryDelay(status);  // the client's rate
  if (caller.ok()) {
    const CallScope scope({.client = caller->client, .deadline = deadline.time()});
    status = CatchFailures("the call", [&]() -> absl::Status {
      std::optional<CallMemory::Reservation> reservation;
      if (rules.memory != nullptr) {
        auto reserved = rules.memory->Reserve(caller->client, kCallBytes + bytes);
        if (!reserved.ok()) return reserved.status();
        reservation.emplace(*std::move(reserved));
      }
      return answer(CancelCheck([&deadline] { return deadline.Ended(); }));
    });
  }
  if (absl::IsCancelled(status)) status = deadline.Reason();
  if (const auto delay = RetryDelayOf(status)) AddRetryDelay(context, *delay);
  rules.metrics.RecordRequest(method, status.code(), std::chrono::steady_clock::now() - start);
  call.Log(status, caller.ok() ? caller->owner : "");
  return ToGrpcStatus(status);
}

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_ANSWER_CALL_H_
