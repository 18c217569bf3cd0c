// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_TLS_HANDSHAKE_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_TLS_HANDSHAKE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "planner_service/grpc_server/address.h"
#include "planner_service/tls/tls_credentials.h"

namespace recurve {

// What a TLS client meets at an address.
enum class TlsAnswer : uint8_t {
  kNone,       // no connection, or no answer: none in time, or the server closes the connection without one
  kNotTls,     // a server that does not speak TLS
  kUntrusted,  // a server whose certificate is not signed by one of the client's authorities
  kInvalid,    // ... has expired, or is not valid yet
  kWrongName,  // ... is for other names than that of the address
  kRejected,   // a server that does not accept the client's certificate, or that it has none
  kAccepted,
};
struct TlsMeeting {
  TlsAnswer answer = TlsAnswer::kNone;
  std::string why;  // of all but kNone and kAccepted, in OpenSSL's words
};

// Connects to a gRPC server with TLS, as a client with these credentials, and closes the connection. Without
// authorities, every certificate of the server is accepted. Blocks up to `patience`, or until `stopped`, which is
// called several times per second and may be null, returns true.
TlsMeeting MeetTls(const Address& address, const TlsCredentials& credentials, std::chrono::milliseconds patience,
                   const std::function<bool()>& stopped);

// Sends `request` to a server over TLS, as a client with these credentials, and returns what it answers until it closes
// the connection, about `most_bytes` were received, or `patience` is over. Empty if it does not answer, or if its
// certificate is not accepted. Blocks.
std::string AskOverTls(const Address& address, const TlsCredentials& credentials, const std::string& request,
                       size_t most_bytes, std::chrono::milliseconds patience);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_TLS_HANDSHAKE_H_
