// SPDX-License-Identifier: Apache-2.0
//
// Clients such as a health probe, a debugging tool and Prometheus. They implement the protocols byte by byte, so that
// the server is not tested with its own libraries.
#ifndef RECURVE_TESTS_PLANNER_SERVICE_GRPC_SERVER_PROBES_H_
#define RECURVE_TESTS_PLANNER_SERVICE_GRPC_SERVER_PROBES_H_

#include <grpcpp/channel.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>
#include <vector>

namespace recurve {

std::shared_ptr<grpc::Channel> PlainChannel(int port);

// The result of grpc.health.v1.Health/Check for `service`: "SERVING", "NOT_SERVING", "UNKNOWN", or the error's name.
std::string HealthOf(const std::shared_ptr<grpc::Channel>& channel, const std::string& service);

// The raw answer of server reflection to a list of services, which contains their names, or the error's name.
std::string ReflectedServices(const std::shared_ptr<grpc::Channel>& channel);

// The raw answer of server reflection to a search for a symbol, which contains the descriptor of its file.
std::string ReflectedFileOf(const std::shared_ptr<grpc::Channel>& channel, const std::string& symbol);

// Answer of GET http://127.0.0.1:<port><path>: status line, headers and body. Empty if nobody answers.
std::string HttpGet(int port, const std::string& path);

// Answer of http://<host>:<port><path> to any other method.
std::string HttpAnswer(const std::string& host, int port, const std::string& method, const std::string& path,
                       const std::string& accept = "text/plain");

// The status of a call of `method` ("/package.Service/Method") with these bytes as the request.
grpc::Status CallWithBytes(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                           const std::string& request);

// Silent connections to 127.0.0.1:<port>, closed on destruction.
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
