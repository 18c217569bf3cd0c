// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_ANSWER_CALL_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_ANSWER_CALL_H_

#include <grpcpp/server_context.h>

#include <chrono>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planner_service/access/access.h"
#include "planner_service/grpc_server/call_log.h"
#include "planner_service/grpc_server/grpc_status.h"
#include "planner_service/planning/planner.h"
#include "planner_service/process/failures.h"
#include "planner_service/service/call_deadline.h"
#include "planner_service/service/planner_metrics.h"

namespace recurve {

// Settings shared by all RPCs of the planner service.
struct CallRules {
  std::chrono::milliseconds deadline;  // for calls without one
  PlannerMetrics& metrics;
  const Access& access;
};

// Unless the caller is refused, runs `answer(cancelled)`, which returns an absl::Status and polls `cancelled`; records
// and logs the call as `method`; adds a retry delay to RESOURCE_EXHAUSTED; replaces CANCELLED by the actual reason.
// When memory runs out, only this call ends, with RESOURCE_EXHAUSTED.
template <typename Answer>
grpc::Status AnswerCall(grpc::ServerContext& context, const char* method, const CallRules& rules, Answer answer) {
  const auto start = std::chrono::steady_clock::now();
  const LoggedCall call(context, method, CallEffect::kReads);
  const CallDeadline deadline(context, rules.deadline);
  absl::StatusOr<Caller> caller = rules.access.Admit(context, Role::kRead);
  absl::Status status = caller.status();
  if (caller.ok()) {
    status = CatchFailures("the call", [&] { return answer(CancelCheck([&deadline] { return deadline.Ended(); })); });
  }
  if (absl::IsCancelled(status)) status = deadline.Reason();
  constexpr std::chrono::milliseconds kRetryDelay{200};
  if (absl::IsResourceExhausted(status)) AddRetryDelay(context, kRetryDelay);
  rules.metrics.RecordRequest(method, status.code(), std::chrono::steady_clock::now() - start);
  call.Log(status, caller.ok() ? caller->owner : "");
  return ToGrpcStatus(status);
}

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_ANSWER_CALL_H_
