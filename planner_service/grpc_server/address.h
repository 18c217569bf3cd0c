// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_ADDRESS_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_ADDRESS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace recurve {

// The address on which a server listens: a host and a port, or a Unix domain socket.
struct Address {
  std::string host;  // a name, an IPv4 address, or an IPv6 address without its brackets; empty for a Unix socket
  int port = 0;      // 0..65535; 0: any free port
  std::string path;  // of the Unix socket, at most 107 bytes; empty: TCP
};

// Parses "HOST:PORT", "[IPV6]:PORT" or "unix:PATH". INVALID_ARGUMENT names the text and the problem.
absl::StatusOr<Address> ParseAddress(std::string_view text);

// The inverse of ParseAddress.
std::string ToString(const Address& address);

// The address at which a client on this machine reaches a server that listens on `address`.
Address Reachable(Address address);

// Whether it can only be reached from this machine: a Unix socket, localhost, 127.0.0.0/8 or ::1.
bool IsLoopback(const Address& address);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_ADDRESS_H_
