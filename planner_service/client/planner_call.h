// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CLIENT_PLANNER_CALL_H_
#define RECURVE_PLANNER_SERVICE_CLIENT_PLANNER_CALL_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "planner_service/client/planner_call_options.h"
#include "planner_service/planning/planner.h"

namespace recurve {

// Starts a call through a stub's async interface; its last argument is called once with the status of the call.
using StartCall = std::function<void(grpc::ClientContext&, std::function<void(grpc::Status)>)>;

// Makes one call and returns when it has ended, polling `cancelled` meanwhile. Errors name the target. UNAVAILABLE or
// DEADLINE_EXCEEDED when no answer came in time; CANCELLED only when `cancelled` returned true.
absl::Status CallPlanner(const PlannerCallOptions& options, const CancelCheck& cancelled, const StartCall& start);

// DATA_LOSS: the answer of `options.target` is unusable.
absl::Status UnusableAnswer(const PlannerCallOptions& options, absl::string_view why);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CLIENT_PLANNER_CALL_H_
