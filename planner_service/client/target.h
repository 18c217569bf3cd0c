// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CLIENT_TARGET_H_
#define RECURVE_PLANNER_SERVICE_CLIENT_TARGET_H_

#include <string>

#include "absl/status/status.h"

namespace recurve {

// Whether gRPC can reach a service by this text: "HOST:PORT", "unix:PATH", "dns:///HOST:PORT", or a list such as
// "ipv4:10.0.0.1:7401,10.0.0.2:7401". INVALID_ARGUMENT says what is wrong with it and what is expected: gRPC by itself
// takes a port modulo 65536, and finds out about the rest call by call.
absl::Status CheckTarget(const std::string& target);

// Whether every address of a target that CheckTarget accepts is this machine's own.
bool IsLoopbackTarget(const std::string& target);

// The target as errors name it: with the proxy that gRPC takes from the environment, if any applies.
std::string NameOfTarget(const std::string& target);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CLIENT_TARGET_H_
