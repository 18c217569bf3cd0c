// SPDX-License-Identifier: Apache-2.0
//
// Has a FrameGuard check what each client of a gRPC server sends. gRPC 1.51 has no place for such a check between a
// socket, or TLS, and its parser. Therefore connection_guard.cc defines recvmsg and SSL_read, through which gRPC
// receives; definitions in a program precede those of shared libraries. They call those of the libraries, and check
// what these return for the connections concerned. With sendmsg and SSL_write, guards learn that the server has sent
// something; with close, they end.
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_CONNECTION_GUARD_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_CONNECTION_GUARD_H_

#include <cstdint>
#include <functional>

namespace recurve {

// Has `take` pass a connection to gRPC, which has not read from it yet, and checks the connection until it is closed.
// Thread-safe.
void GuardWhileTaken(int fd, bool tls, const std::function<void(int fd)>& take);

// The most that all connections of this process may hold of messages that have not arrived completely. Thread-safe.
void LimitArrivingBytes(int64_t bytes);

// Connections closed because they broke a limit of FrameGuard, plaintext and TLS. Thread-safe.
int64_t GuardViolations();

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_CONNECTION_GUARD_H_
