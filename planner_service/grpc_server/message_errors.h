// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_MESSAGE_ERRORS_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_MESSAGE_ERRORS_H_

#include <grpcpp/support/server_interceptor.h>

#include <memory>

namespace recurve {

// Adds messages to errors for which gRPC itself answers UNIMPLEMENTED or INTERNAL without one. A call without a
// request, and a request that is not a message of its method's type, get INVALID_ARGUMENT, with the field if it is
// known; a method that throws, INTERNAL; an unknown method, its name. Replaces protobuf's log handler in the whole
// process, since only the log names the field.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeMessageErrors();

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_MESSAGE_ERRORS_H_
