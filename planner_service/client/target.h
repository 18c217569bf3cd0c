// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CLIENT_TARGET_H_
#define RECURVE_PLANNER_SERVICE_CLIENT_TARGET_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "planner_service/grpc_server/address.h"
#include "planner_service/tls/tls_credentials.h"

namespace recurve {

// Checks that `target` is a valid gRPC target: "HOST:PORT", "unix:PATH", "dns:///HOST:PORT", or a list such as
// "ipv4:10.0.0.1:7401,10.0.0.2:7401". INVALID_ARGUMENT names the problem and the expected form. (gRPC itself takes a
// port modulo 65536 and reports other problems only when a call fails.)
absl::Status CheckTarget(const std::string& target);

// Whether every address of `target`, which must pass CheckTarget, is local to this machine.
bool IsLoopbackTarget(const std::string& target);

// FAILED_PRECONDITION if `credentials` has a token that calls to `target` would send unencrypted to another machine.
absl::Status CheckTokenTarget(const std::string& target, const TlsCredentials& credentials);

// The first address of `target`; nullopt if only gRPC can tell, or if the environment names a proxy for it.
std::optional<Address> FirstAddressOf(const std::string& target);

// The target as named in errors, with the proxy that gRPC uses according to the environment, if any.
std::string NameOfTarget(const std::string& target);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CLIENT_TARGET_H_
