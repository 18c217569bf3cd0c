// SPDX-License-Identifier: Apache-2.0
//
// The parts common to all Recurve servers: a gRPC port with health and reflection, a Prometheus port, and draining.
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_SERVER_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_SERVER_H_

#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigset_t is POSIX

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "planner_service/access/access.h"
#include "planner_service/tls/tls_credentials.h"

namespace grpc {
class Service;
}
namespace prometheus {
class Collectable;
}

namespace recurve {

// Threads that gRPC and the metrics need at startup; with fewer, gRPC hangs or aborts the process.
inline constexpr int kThreadsAtStart = 24;

struct ServerOptions {
  std::string program;                         // name and version, "recurve-planner/0.1.0"; see server_identity.h
  std::string listen = "127.0.0.1:0";          // gRPC address, HOST:PORT or unix:PATH; port 0: any free port
  std::string metrics_listen = "127.0.0.1:0";  // Prometheus address of the same form, for /metrics; empty: none
  int max_request_bytes = 4 << 20;
  int max_answer_bytes = 16 << 20;
  // Concurrent calls; more are rejected with RESOURCE_EXHAUSTED, and so are those of one host beyond half of them.
  // Health checks and metrics do not count.
  int max_calls = 1536;
  // A call whose client neither reads the answer nor sends the message that is due for this long is ended.
  std::chrono::milliseconds stall_time{60'000};
  // Memory of messages that are arriving. The connections of a host may hold as much of it as all connections leave
  // free, and each always 16 KiB; one that exceeds this is closed. Messages that wait for a thread may take as much
  // again before gRPC drops calls and idle connections of any client.
  int64_t max_transport_bytes = 128 << 20;
  std::chrono::milliseconds drain_time{10'000};  // calls still running after this are cancelled
  bool serving = true;                           // the initial health; calls are answered regardless
  // How often the server connects to its own gRPC port. While it gets no answer, health reports NOT_SERVING, the metric
  // recurve_server_grpc_port_answers is 0, and the port is bound again.
  std::chrono::milliseconds probe_interval{10'000};
  // Encrypts both ports. With authorities, clients must present a certificate. Empty: plaintext.
  TlsFiles tls;
  // Serves the metrics in plaintext to everybody, however the gRPC port is protected.
  bool metrics_public = false;
  std::chrono::milliseconds tls_reload_interval{1'000};  // how often the files are read again
  AccessOptions access;                                  // see OpenAccess
  bool allow_plaintext = false;                          // see CheckExposure
};

// What decides who may call a server with these options: clients need an identity if there is a token file or if they
// must present a certificate. Errors are those of Access::Open.
absl::StatusOr<std::unique_ptr<Access>> OpenAccess(const ServerOptions& options);

// A running server. Start, then Drain (or the destructor, which drains). Thread-safe.
class Server {
 public:
  // Serves `services` (not owned; must outlive the server) and `metrics`. Health covers "" and each service's name.
  // Raises the soft limit on open files. `access` (not owned; may be null) is what the services ask who calls; the
  // metrics cover it. FAILED_PRECONDITION for an address beyond this machine, as CheckExposure says. UNAVAILABLE naming
  // the address when a port is in use or an address cannot be bound; INVALID_ARGUMENT when it cannot be parsed;
  // RESOURCE_EXHAUSTED when the limits on files or threads are too low. Errors of ReadTlsFiles.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       const std::vector<grpc::Service*>& services,
                                                       std::shared_ptr<prometheus::Collectable> metrics,
                                                       const Access* access = nullptr);
  virtual ~Server() = default;

  virtual int port() const = 0;                     // the bound gRPC port; 0: a Unix socket
  virtual int metrics_port() const = 0;             // the bound Prometheus port; 0: none, or a Unix socket
  virtual std::string address() const = 0;          // the bound gRPC address, in the form of ServerOptions::listen
  virtual std::string metrics_address() const = 0;  // the URL of the metrics, the address of a Unix socket, or "off"
  // Of the gRPC port: "no TLS", "TLS" or "mTLS", and ", tokens" with a token file.
  virtual std::string security() const = 0;

  // Makes health report SERVING, as long as the gRPC port answers.
  virtual void SetServing() = 0;

  // UNAVAILABLE when the gRPC port used to answer but has failed many consecutive probes, and rebinding did not help:
  // the process should exit.
  virtual absl::Status CheckResponsive() const = 0;

  // Whether health reports SERVING.
  virtual bool IsServing() const = 0;

  // Whether the gRPC port answered the last probe, and that was not long ago. A port that is at its limit on file
  // descriptors counts as one that answers.
  virtual bool Answers() const = 0;

  // Makes health report NOT_SERVING, rejects new calls and gives calls in progress `drain_time`. Returns when all have
  // ended.
  virtual void Drain() = 0;
};

// Sets up the signal handling of a daemon; must be called first in main. Blocks SIGTERM, SIGINT and SIGHUP (unless
// ignored, as under nohup) in this thread and those it starts later. Ignores SIGPIPE and SIGXFSZ, so that a reader that
// disconnects or a file at its size limit is an error of a single write.
void TakeSignals();

// While this exists, the signals that TakeSignals blocks in this thread end the process: for what comes before the
// daemon has anything to drain, and may wait for ever.
class SignalsEndProcess {
 public:
  SignalsEndProcess();
  ~SignalsEndProcess();
  SignalsEndProcess(const SignalsEndProcess&) = delete;
  SignalsEndProcess& operator=(const SignalsEndProcess&) = delete;

 private:
  static constexpr std::array kSignals = {SIGTERM, SIGINT, SIGHUP};

  sigset_t mask_;                                            // before
  std::array<struct sigaction, kSignals.size()> actions_{};  // before
};

// Suppresses gRPC's own log lines on stderr, which repeat what a status says, unless GRPC_VERBOSITY is set in the
// environment. Must be called first in main.
void QuietGrpcLog();

// Whether one of the blocked signals has arrived. It remains pending for WaitForTermination.
bool TerminationRequested();

// Waits until one of the blocked signals arrives and returns its number, or until Server::CheckResponsive fails and
// returns that error. Calls `report` at once, and then every `interval`.
absl::StatusOr<int> WaitForTermination(const Server& server, std::chrono::milliseconds interval,
                                       const std::function<void()>& report);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_SERVER_H_
