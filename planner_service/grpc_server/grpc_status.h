// SPDX-License-Identifier: Apache-2.0
//
// The one translation between absl::Status and grpc::Status. Codes have the same numbers; messages are kept,
// those of more than 2,000 bytes without their middle.
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_GRPC_STATUS_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_GRPC_STATUS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <chrono>

#include "absl/status/status.h"

namespace recurve {

grpc::Status ToGrpcStatus(const absl::Status& status);
absl::Status FromGrpcStatus(const grpc::Status& status);

// Tells the client's gRPC library, and its user, when to try again what was refused because of load.
void AddRetryDelay(grpc::ServerContextBase& context, std::chrono::milliseconds delay);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_GRPC_STATUS_H_
