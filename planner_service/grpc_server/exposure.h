// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_EXPOSURE_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_EXPOSURE_H_

#include <string>

#include "absl/status/status.h"
#include "planner_service/grpc_server/server.h"

namespace recurve {

// A port of a daemon, and what protects it.
struct Exposure {
  std::string flag;     // that gives the address, such as "--listen"
  std::string address;  // as in ServerOptions
  bool encrypted = false;
  bool identified = false;  // clients need an identity
};

// FAILED_PRECONDITION, with what to do, if others than this machine may reach the port and it lacks TLS or the identity
// of its clients. INVALID_ARGUMENT if the address is none.
absl::Status CheckExposure(const Exposure& port);

// The same for each port of a server, unless its options allow plaintext or make the metrics public.
absl::Status CheckGrpcExposure(const ServerOptions& options);
absl::Status CheckMetricsExposure(const ServerOptions& options);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_EXPOSURE_H_
