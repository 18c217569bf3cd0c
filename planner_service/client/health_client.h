// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CLIENT_HEALTH_CLIENT_H_
#define RECURVE_PLANNER_SERVICE_CLIENT_HEALTH_CLIENT_H_

#include <chrono>
#include <optional>
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

struct DaemonHealth {
  bool serving = false;
  // "recurve-planner" and "0.1.0"; empty for other servers, and for daemons that do not say it yet.
  std::string program, version;
  // By how much the daemon's clock is at least ahead of this one's, negative: behind, and 0 if they may agree, given
  // the time that the call took. Nullopt: not known.
  std::optional<std::chrono::milliseconds> clock_ahead;
};

// Asks the health service of a daemon, planner or executor, whether it is serving. Errors name the target. UNAVAILABLE
// or DEADLINE_EXCEEDED when it does not answer in time; NOT_FOUND when it has no such service.
absl::StatusOr<DaemonHealth> AskHealth(const HealthQuestion& question);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CLIENT_HEALTH_CLIENT_H_
