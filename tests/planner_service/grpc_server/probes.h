// SPDX-License-Identifier: Apache-2.0
//
// What a probe, a debugging tool and a Prometheus see of a server. The protocols are spoken byte by byte, so that the
// server's own libraries are not what they are checked with.
#ifndef RECURVE_TESTS_PLANNER_SERVICE_GRPC_SERVER_PROBES_H_
#define RECURVE_TESTS_PLANNER_SERVICE_GRPC_SERVER_PROBES_H_

#include <grpcpp/channel.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>
#include <vector>

namespace recurve {

std::shared_ptr<grpc::Channel> PlainChannel(int port);

// What grpc.health.v1.Health/Check says of `service`: "SERVING", "NOT_SERVING", "UNKNOWN", or the name of the error.
std::string HealthOf(const std::shared_ptr<grpc::Channel>& channel, const std::string& service);

// The raw answer of server reflection to "which services are there", which contains their names; the name of the error
// if there is none.
std::string ReflectedServices(const std::shared_ptr<grpc::Channel>& channel);

// The raw answer of server reflection to "which file declares this symbol", which contains the file's descriptor.
std::string ReflectedFileOf(const std::shared_ptr<grpc::Channel>& channel, const std::string& symbol);

// Answer of GET http://127.0.0.1:<port><path>: status line, headers and body. Empty if nobody answers.
std::string HttpGet(int port, const std::string& path);

// Answer of http://<host>:<port><path> to any other method.
std::string HttpAnswer(const std::string& host, int port, const std::string& method, const std::string& path);

// How a call of `method`, as "/package.Service/Method", ends whose request is these bytes.
grpc::Status CallWithBytes(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                           const std::string& request);

// Connections to 127.0.0.1:<port> on which nothing is said; closed when the object goes.
class SilentConnections {
 public:
  SilentConnections(int port, int count);
  ~SilentConnections();
  SilentConnections(const SilentConnections&) = delete;
  SilentConnections& operator=(const SilentConnections&) = delete;

  // Sends the same bytes over each.
  void Say(const std::string& bytes);

 private:
  std::vector<int> sockets_;
};

}  // namespace recurve

#endif  // RECURVE_TESTS_PLANNER_SERVICE_GRPC_SERVER_PROBES_H_
