// SPDX-License-Identifier: Apache-2.0
//
// Converts between absl::Status and grpc::Status. Codes have the same numbers; messages of more than 2,000 bytes lose
// their middle.
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_GRPC_STATUS_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_GRPC_STATUS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <chrono>

#include "absl/status/status.h"

namespace recurve {

// The message is made printable, because it may quote what a client sent, and shortened where gRPC would refuse it.
grpc::Status ToGrpcStatus(const absl::Status& status);
absl::Status FromGrpcStatus(const grpc::Status& status);

// Tells the client's gRPC library and its user when to retry a call that was rejected because of load.
void AddRetryDelay(grpc::ServerContextBase& context, std::chrono::milliseconds delay);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_GRPC_STATUS_H_
