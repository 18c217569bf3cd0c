// SPDX-License-Identifier: Apache-2.0
//
// A separate header, so that code that only creates a remote planner does not include gRPC.
#ifndef RECURVE_PLANNER_SERVICE_CLIENT_PLANNER_CALL_OPTIONS_H_
#define RECURVE_PLANNER_SERVICE_CLIENT_PLANNER_CALL_OPTIONS_H_

#include <chrono>
#include <string>

#include "planner_service/tls/tls_credentials.h"
#include "planner_service/trace/trace_context.h"

namespace recurve {

struct PlannerCallOptions {
  std::string target;  // gRPC target of the planner service, such as "127.0.0.1:7401" or "dns:///planner:7401"
  std::chrono::milliseconds timeout{10'000};  // of one request, including retries
  TlsCredentials tls;                         // see MakeChannel
  TraceContext trace = TraceOfProcess();      // the span that makes the calls; each call is a new span of its trace
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CLIENT_PLANNER_CALL_OPTIONS_H_
