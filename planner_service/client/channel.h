// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CLIENT_CHANNEL_H_
#define RECURVE_PLANNER_SERVICE_CLIENT_CHANNEL_H_

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "planner_service/tls/tls_credentials.h"

namespace recurve {

// The largest answer that a client accepts, equal to the servers' limit.
inline constexpr int kMaxMessageBytes = 16 << 20;

// A channel to a Recurve service, with TLS if `tls` has authorities, otherwise plaintext. Each call carries the token
// of `tls`, if it has one and CheckTokenTarget allows it. Balances calls over the addresses of `target` (round_robin),
// retries up to three times with backoff when the service is unavailable, and detects dead connections by keepalive.
// Connects on first use.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& target, const TlsCredentials& tls = {});

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CLIENT_CHANNEL_H_
