// SPDX-License-Identifier: Apache-2.0
#include "planner_service/client/channel.h"

#include <grpc/grpc.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "planner_service/client/target.h"

namespace recurve {
namespace {

// Every call of the services may be retried: plans have no side effects, and jobs carry a request_id. CANCELLED is
// retryable because a draining server ends calls that arrive during its shutdown with that code; gRPC never retries
// calls that the client itself cancels. (Hedging would also be safe, but gRPC's C++ library has no hedgingPolicy.)
constexpr char kServiceConfig[] = R"({
  "loadBalancingConfig": [{"round_robin": {}}],
  "methodConfig": [{
    "name": [{}],
    "waitForReady": false,
    "retryPolicy": {
      "maxAttempts": 4,
      "initialBackoff": "0.05s",
      "maxBackoff": "1s",
      "backoffMultiplier": 2,
      "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"]
    }
  }]
})";

constexpr int kKeepaliveTimeMs = 30'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
constexpr int kFirstReconnectMs = 100;
constexpr int kMostReconnectMs = 5'000;

}  // namespace

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& target, const TlsCredentials& tls) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(kServiceConfig);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kMostReconnectMs);  // timeout of one attempt
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMostReconnectMs);
  if (IsLoopbackTarget(target)) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // a proxy would connect to itself
  const auto credentials =
      tls.authorities.empty()
          ? grpc::InsecureChannelCredentials()
          : grpc::SslCredentials(
                {.pem_root_certs = tls.authorities, .pem_private_key = tls.key, .pem_cert_chain = tls.certificate});
  return grpc::CreateCustomChannel(target, credentials, arguments);
}

}  // namespace recurve
