// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_MESSAGE_ERRORS_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_MESSAGE_ERRORS_H_

#include <grpcpp/support/server_interceptor.h>

#include <memory>

namespace recurve {

// Answers a request that is no message of its method's type with INVALID_ARGUMENT, and names the field where that is
// known; a method that throws, with INTERNAL; one that does not exist, by its name. gRPC by itself says UNIMPLEMENTED
// or INTERNAL, without a word. Takes over protobuf's log for that, which names the field, in the whole process.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeMessageErrors();

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_MESSAGE_ERRORS_H_
