// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_SERVER_IDENTITY_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_SERVER_IDENTITY_H_

#include <grpcpp/support/server_interceptor.h>

#include <memory>
#include <string>

namespace recurve {

// Initial metadata of the answers of grpc.health.v1.Health/Check, from which a client learns who serves at an address,
// which version it is, and whether the clocks of the two machines agree.
inline constexpr char kProgramKey[] = "recurve-program";  // "recurve-planner/0.1.0"
inline constexpr char kTimeKey[] = "recurve-time-ms";     // the server's clock, in milliseconds since 1970

// Adds this metadata to the answers of a server. `program` is a name and a version in ASCII.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeServerIdentity(std::string program);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_SERVER_IDENTITY_H_
