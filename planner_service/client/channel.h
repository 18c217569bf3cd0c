// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CLIENT_CHANNEL_H_
#define RECURVE_PLANNER_SERVICE_CLIENT_CHANNEL_H_

#include <grpcpp/channel.h>

#include <memory>
#include <string>

namespace recurve {

// Largest answer that a client takes, the same as what the servers send at most.
inline constexpr int kMaxMessageBytes = 16 << 20;

// A plaintext channel to a Recurve service. Calls are spread over the addresses of `target` and, when the service is
// unavailable, tried again up to three times with backoff; dead connections are found by keepalive. Connects when it is
// first used.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& target);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CLIENT_CHANNEL_H_
