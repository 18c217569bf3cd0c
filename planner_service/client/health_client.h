// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CLIENT_HEALTH_CLIENT_H_
#define RECURVE_PLANNER_SERVICE_CLIENT_HEALTH_CLIENT_H_

#include <chrono>
#include <string>

#include "absl/status/statusor.h"
#include "planner_service/tls/tls_credentials.h"

namespace recurve {

struct HealthQuestion {
  std::string target;   // gRPC target of a daemon; of several addresses, one is asked
  std::string service;  // such as "recurve.planner.v1.PlannerService"; empty: the daemon as a whole
  std::chrono::milliseconds timeout{5'000};  // of the call, including retries
  TlsCredentials tls;                        // see MakeChannel
};

// Asks the health service of a daemon, planner or executor, whether it is serving. Errors name the target. UNAVAILABLE
// or DEADLINE_EXCEEDED when it does not answer in time; NOT_FOUND when it has no such service.
absl::StatusOr<bool> IsServing(const HealthQuestion& question);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CLIENT_HEALTH_CLIENT_H_
