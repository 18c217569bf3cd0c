// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CLIENT_CHANNEL_H_
#define RECURVE_PLANNER_SERVICE_CLIENT_CHANNEL_H_

#include <grpcpp/channel.h>

#include <memory>
#include <string>

namespace recurve {

// The largest answer that a client accepts, equal to the servers' limit.
inline constexpr int kMaxMessageBytes = 16 << 20;

// A plaintext channel to a Recurve service. Balances calls over the addresses of `target` (round_robin), retries up to
// three times with backoff when the service is unavailable, and detects dead connections by keepalive. Connects on
// first use.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& target);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CLIENT_CHANNEL_H_
