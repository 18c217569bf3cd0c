// SPDX-License-Identifier: Apache-2.0
//
// What every Recurve server has in common: a gRPC port with health and reflection, a Prometheus port, and a drain.
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_SERVER_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_SERVER_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace grpc {
class Service;
}
namespace prometheus {
class Registry;
}

namespace recurve {

struct ServerOptions {
  std::string listen = "127.0.0.1:0";          // gRPC address, HOST:PORT or unix:PATH; port 0: any free one
  std::string metrics_listen = "127.0.0.1:0";  // Prometheus address of the same form, serves /metrics; empty: none
  int max_request_bytes = 4 << 20;
  int max_answer_bytes = 16 << 20;
  // Calls answered at once; more are refused with RESOURCE_EXHAUSTED. Health needs none of these, nor do metrics.
  int max_calls = 1536;
  // What connections should hold of requests that are arriving. When it is more, calls and idle connections are given
  // up until it is less; gRPC reads on meanwhile, so that a flood takes several times as much for a moment.
  int64_t max_transport_bytes = 128 << 20;
  std::chrono::milliseconds drain_time{10'000};  // calls still running after this are cancelled
  bool serving = true;                           // what health says at first; calls are answered in any case
  // How often the server connects to its own gRPC port. While that gets no answer, health says NOT_SERVING, the metric
  // recurve_server_grpc_port_answers is 0, and the port is bound anew.
  std::chrono::milliseconds probe_interval{10'000};
};

// A running server. Start, then Drain (or the destructor, which drains). Thread-safe.
class Server {
 public:
  // Serves `services` (not owned; must outlive the server). Health knows "" and each service's name. Raises the soft
  // limit of open files. UNAVAILABLE naming the address when a port is in use or an address cannot be bound;
  // INVALID_ARGUMENT when it cannot be parsed; RESOURCE_EXHAUSTED when the process may have too few files or threads.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       const std::vector<grpc::Service*>& services,
                                                       std::shared_ptr<prometheus::Registry> registry);
  virtual ~Server() = default;

  virtual int port() const = 0;                     // the bound gRPC port; 0: a Unix socket
  virtual int metrics_port() const = 0;             // the bound Prometheus port; 0: none, or a Unix socket
  virtual std::string address() const = 0;          // what was bound for gRPC, as ServerOptions has it
  virtual std::string metrics_address() const = 0;  // the URL of the metrics; a Unix socket's address; "off"

  // Health says SERVING from now on, as long as the gRPC port answers.
  virtual void SetServing() = 0;

  // UNAVAILABLE when the gRPC port answered once, has not for many probes in a row, and binding it anew did not help:
  // the process had better end.
  virtual absl::Status Deaf() const = 0;

  // Health says NOT_SERVING, new calls are refused, calls under way get `drain_time`. Returns when all have ended.
  virtual void Drain() = 0;
};

// Takes over the signals that a daemon gets; to be called first thing in main. SIGTERM, SIGINT and SIGHUP (unless it is
// ignored, as nohup has it) are blocked in this thread and those it starts from now on. SIGPIPE and SIGXFSZ are
// ignored, so that a reader that goes away and a file that may not grow are errors of one write.
void TakeSignals();

// Keeps gRPC's own log lines off stderr unless the environment's GRPC_VERBOSITY asks for them: what they say comes back
// as a status. To be called first thing in main.
void QuietGrpcLog();

// Whether one of the blocked signals has arrived; it stays for WaitForTermination.
bool TerminationRequested();

// Waits until one of the blocked signals arrives, and returns its number, or until `server` is deaf, and returns why.
absl::StatusOr<int> WaitForTermination(const Server& server);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_SERVER_H_
