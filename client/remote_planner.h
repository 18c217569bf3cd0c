// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_REMOTE_PLANNER_H_
#define RECURVE_CLIENT_REMOTE_PLANNER_H_

#include <chrono>
#include <memory>
#include <string>

#include "planner_service/planning/planner.h"

namespace recurve {

struct RemotePlannerOptions {
  std::string target;  // gRPC target of the planner service, such as "127.0.0.1:7401" or "dns:///planner:7401"
  std::chrono::milliseconds timeout{10'000};  // of one request, retries included
};

// The planner service as a Planner. Calls are spread over the addresses of the target (round_robin) and retried with
// backoff when the service is unavailable. UNAVAILABLE or DEADLINE_EXCEEDED when no answer came in time.
std::unique_ptr<Planner> MakeRemotePlanner(const RemotePlannerOptions& options);

}  // namespace recurve

#endif  // RECURVE_CLIENT_REMOTE_PLANNER_H_
