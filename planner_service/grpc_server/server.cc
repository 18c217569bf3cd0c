// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/impl/server_initializer.h>
#include <grpcpp/resource_quota.h>
#include <prometheus/collectable.h>
#include <spdlog/spdlog.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): setenv is POSIX

#include <algorithm>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "planner_service/grpc_server/address.h"
#include "planner_service/grpc_server/call_guard.h"
#include "planner_service/grpc_server/connection_guard.h"
#include "planner_service/grpc_server/exposure.h"
#include "planner_service/grpc_server/listener.h"
#include "planner_service/grpc_server/message_errors.h"
#include "planner_service/grpc_server/metrics_endpoint.h"
#include "planner_service/grpc_server/port_probe.h"
#include "planner_service/grpc_server/reloaded_tls.h"
#include "planner_service/grpc_server/server_identity.h"
#include "planner_service/grpc_server/server_metrics.h"
#include "planner_service/grpc_server/tls_server_credentials.h"
#include "planner_service/process/failures.h"
#include "planner_service/process/granted.h"
#include "planner_service/process/heap.h"
#include "planner_service/process/mutex.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

// Minimum interval between keepalive pings of a client.
constexpr int kMinPingIntervalMs = 10'000;
// The server pings a connection that has been silent, and closes it if there is no answer.
constexpr int kKeepaliveTimeMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
// Connections without a call for this long are closed, to free their descriptors.
constexpr int kMostIdleMs = 300'000;
// Connections are replaced after this long (gRPC adds or subtracts a tenth). Calls in progress then get the grace,
// which is longer than the longest stream of the planner. So that no connection lasts for ever, whatever its client
// does.
constexpr int kMostAgeMs = 3'600'000;
constexpr int kGraceMs = 900'000;
// Clients must complete the handshake within this time.
constexpr int kHandshakeMs = 10'000;
// Concurrent calls per connection; the client's library queues further ones.
constexpr int kMaxStreams = 128;
// Completion queues. With more of them, more requests of an overload are read into memory before backpressure acts.
constexpr int kMostQueues = 4;
// Consecutive probes that the gRPC port may fail to answer before it is bound again, and before the server gives up.
constexpr int kMissesBeforeRebind = 2;
constexpr int kMissesBeforeEnd = 12;
// Time that a probe takes at most; one that takes longer is stuck in gRPC.
constexpr std::chrono::seconds kMostProbeTime{30};

// Makes the health service report every service of a server by name. gRPC reveals the names only to plugins.
class HealthOfEveryService final : public grpc::ServerBuilderPlugin {
 public:
  explicit HealthOfEveryService(std::vector<std::string>* names) : names_(*names) {}
  std::string name() override { return "recurve_health_of_every_service"; }
  void InitServer(grpc::ServerInitializer*) override {}
  void Finish(grpc::ServerInitializer* initializer) override { names_ = *initializer->GetServiceList(); }
  void ChangeArguments(const std::string&, void*) override {}

 private:
  std::vector<std::string>& names_;
};

class PerServiceHealth final : public grpc::ServerBuilderOption {
 public:
  explicit PerServiceHealth(std::vector<std::string>* names) : names_(names) {}
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    plugins->push_back(std::make_unique<HealthOfEveryService>(names_));
  }

 private:
  std::vector<std::string>* const names_;
};

// Health and reflection are enabled for all servers of a process, before the first one is built.
void EnableHealthAndReflection() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

// Limits that prevent clients, regardless of their number and requests, from exhausting memory or threads.
void SetLimits(const ServerOptions& options, grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kMinPingIntervalMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kMostIdleMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, kMostAgeMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, kGraceMs);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreams);
  // A message of some kilobytes would expand to gigabytes.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, std::min(GrantedProcessors(), kMostQueues));
  // What gRPC holds beside the messages that are arriving, which LimitArrivingBytes limits, is not much. A full quota
  // ends calls of any client.
  grpc::ResourceQuota quota("recurve");
  quota.SetMaxThreads(options.max_calls);
  quota.Resize(2 * options.max_transport_bytes);
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(options.max_request_bytes);
  builder.SetMaxSendMessageSize(options.max_answer_bytes);
}

class RunningServer final : public Server {
 public:
  RunningServer(const ServerOptions& options, const Access* access)
      : drain_time_(options.drain_time),
        most_between_probes_(options.probe_interval + kMostProbeTime),
        has_tokens_(access != nullptr && access->has_token_file()),
        guard_({.calls_per_host = std::max(1, options.max_calls * 2 / 3), .stall = options.stall_time}),
        serving_(options.serving) {
    server_metrics_->Watch(guard_);
    if (access == nullptr) return;
    server_metrics_->Watch(*access);
    if (access->asks_for_identity() && !options.metrics_public) metrics_protection_.access = access;
  }
  ~RunningServer() override { Drain(); }

  absl::Status OpenTls(const ServerOptions& options);
  absl::Status Bind(const ServerOptions& options);
  absl::Status Serve(const ServerOptions& options, const std::vector<grpc::Service*>& services,
                     std::shared_ptr<prometheus::Collectable> metrics);

  int port() const override { return listener_->address().port; }
  int metrics_port() const override { return metrics_listener_ == nullptr ? 0 : metrics_listener_->address().port; }
  std::string address() const override { return ToString(listener_->address()); }
  std::string metrics_address() const override {
    if (metrics_listener_ == nullptr) return "off";
    const Address& bound = metrics_listener_->address();
    if (!bound.path.empty()) return ToString(bound);
    return absl::StrCat(metrics_protection_.tls == nullptr ? "http://" : "https://", ToString(bound), "/metrics");
  }

  std::string security() const override {
    const char* const tls = tls_ == nullptr ? "no TLS" : tls_->current()->authorities.empty() ? "TLS" : "mTLS";
    return absl::StrCat(tls, has_tokens_ ? ", tokens" : "");
  }

  void SetServing() override {
    const MutexLock lock(mutex_);
    serving_ = true;
    UpdateHealth();
  }

  absl::Status CheckResponsive() const override {
    const MutexLock lock(mutex_);
    if (!ever_answered_ || misses_ < kMissesBeforeEnd) return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat("the gRPC port ", address(), " has not answered ", misses_,
                                               " consecutive connections of this process, even after rebinding"));
  }

  bool IsServing() const override {
    const MutexLock lock(mutex_);
    return serving_ && answers_;
  }

  bool Answers() const override {
    const MutexLock lock(mutex_);
    return misses_ == 0 && std::chrono::steady_clock::now() - last_probe_ <= most_between_probes_;
  }

  void Drain() override;

 private:
  bool BuildGrpc(const ServerOptions& options, const std::vector<grpc::Service*>& services);
  void TakeProbe(bool answered);
  void UpdateHealth() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::chrono::milliseconds drain_time_;
  const std::chrono::milliseconds most_between_probes_;
  const bool has_tokens_;
  std::vector<std::string> names_;  // of the services
  std::shared_ptr<ServerMetrics> server_metrics_ = std::make_shared<ServerMetrics>();

  std::unique_ptr<ReloadedTls> tls_;  // null: plaintext
  std::shared_ptr<grpc::ServerCredentials> credentials_ = grpc::InsecureServerCredentials();
  MetricsProtection metrics_protection_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Listener> metrics_listener_;
  CallGuard guard_;
  // Declared before the gRPC server, so that metrics are available until the last call has ended.
  std::unique_ptr<MetricsEndpoint> metrics_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;

  mutable Mutex mutex_;
  bool serving_ ABSL_GUARDED_BY(mutex_);
  bool answers_ ABSL_GUARDED_BY(mutex_) = true;  // as of the last probe
  bool ever_answered_ ABSL_GUARDED_BY(mutex_) = false;
  int misses_ ABSL_GUARDED_BY(mutex_) = 0;  // consecutive probes without an answer
  std::chrono::steady_clock::time_point last_probe_ ABSL_GUARDED_BY(mutex_) = std::chrono::steady_clock::now();
  int64_t refused_before_ ABSL_GUARDED_BY(mutex_) = 0;  // refused connections as of the last probe
  std::unique_ptr<PortProbe> probe_;
  std::once_flag drained_;
};

absl::Status RunningServer::OpenTls(const ServerOptions& options) {
  if (options.tls.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(tls_, ReloadedTls::Open(options.tls, TlsRole::kServer, options.tls_reload_interval));
  credentials_ = MakeTlsServerCredentials(*tls_);
  server_metrics_->Watch(*tls_);
  if (!options.metrics_public) metrics_protection_.tls = tls_.get();
  return absl::OkStatus();
}

absl::Status RunningServer::Bind(const ServerOptions& options) {
  if (!options.metrics_listen.empty()) {
    ASSIGN_OR_RETURN(const Address address, ParseAddress(options.metrics_listen));
    ASSIGN_OR_RETURN(metrics_listener_, Listener::Bind(address, "metrics"));
    server_metrics_->Watch("metrics", *metrics_listener_);
  }
  ASSIGN_OR_RETURN(const Address address, ParseAddress(options.listen));
  ASSIGN_OR_RETURN(listener_, Listener::Bind(address, "gRPC"));
  server_metrics_->Watch("grpc", *listener_);
  return absl::OkStatus();
}

absl::Status RunningServer::Serve(const ServerOptions& options, const std::vector<grpc::Service*>& services,
                                  std::shared_ptr<prometheus::Collectable> metrics) {
  if (!BuildGrpc(options, services)) return absl::InternalError("gRPC cannot build the server");
  {
    const MutexLock lock(mutex_);
    UpdateHealth();
  }
  LimitArrivingBytes(options.max_transport_bytes);
  listener_->Start(kReserveOfGrpc, [this](int accepted) {
    GuardWhileTaken(accepted, tls_ != nullptr, [this](int fd) {
      grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
      connection.fd = fd;
      acceptor_->HandleNewConnection(&connection);
    });
  });
  if (metrics_listener_ != nullptr) {
    ASSIGN_OR_RETURN(metrics_, MetricsEndpoint::Start(*metrics_listener_, {std::move(metrics), server_metrics_},
                                                      metrics_protection_));
  }
  probe_ = std::make_unique<PortProbe>(listener_->address(), tls_ != nullptr, options.probe_interval,
                                       [this](bool answered) { TakeProbe(answered); });
  return absl::OkStatus();
}

// gRPC 1.51 stops listening permanently after a single failure of accept(), from a lack of descriptors or a client that
// disconnects quickly. So it does not listen here: it is given accepted connections.
bool RunningServer::BuildGrpc(const ServerOptions& options, const std::vector<grpc::Service*>& services) {
  EnableHealthAndReflection();
  grpc::ServerBuilder builder;
  builder.SetOption(std::make_unique<PerServiceHealth>(&names_));
  SetLimits(options, builder);
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(guard_.MakeInterceptors());
  interceptors.push_back(MakeMessageErrors());
  interceptors.push_back(MakeServerIdentity(options.program));
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, credentials_);
  for (grpc::Service* service : services) builder.RegisterService(service);
  server_ = builder.BuildAndStart();
  return server_ != nullptr;
}

void RunningServer::Drain() {
  std::call_once(drained_, [this] {
    probe_.reset();
    if (listener_ != nullptr) listener_->Stop();
    if (server_ == nullptr) return;
    server_->GetHealthCheckService()->Shutdown();
    server_->Shutdown(std::chrono::system_clock::now() + drain_time_);
    server_->Wait();
  });
}

void RunningServer::TakeProbe(bool answered) {
  ReturnFreePages();  // of connections and calls that have ended, in however great a number
  const MutexLock lock(mutex_);
  // A port at its limit rejects the probe like any connection; that does not count as unresponsive.
  const int64_t refused = listener_->counts().refused;
  const bool full = std::exchange(refused_before_, refused) != refused;
  if (answered != answers_) {
    if (answered) {
      spdlog::info("the gRPC port {} answers new connections again", address());
    } else {
      spdlog::warn("the gRPC port {} does not answer new connections{}", address(),
                   full ? ": the limit on file descriptors is reached" : "");
    }
  }
  last_probe_ = std::chrono::steady_clock::now();
  answers_ = answered;
  ever_answered_ = ever_answered_ || answered;
  if (answered) misses_ = 0;
  if (!answered && !full && ++misses_ >= kMissesBeforeRebind) listener_->Rebind();
  server_metrics_->SetAnswers(answered);
  UpdateHealth();
}

void RunningServer::UpdateHealth() {
  const bool serving = serving_ && answers_;
  server_->GetHealthCheckService()->SetServingStatus("", serving);
  for (const std::string& name : names_) server_->GetHealthCheckService()->SetServingStatus(name, serving);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Access>> OpenAccess(const ServerOptions& options) {
  return Access::Open(options.access, !options.tls.authorities.empty());
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                      const std::vector<grpc::Service*>& services,
                                                      std::shared_ptr<prometheus::Collectable> metrics,
                                                      const Access* access) {
  RETURN_IF_ERROR(CheckGrpcExposure(options));
  RETURN_IF_ERROR(CheckMetricsExposure(options));
  RETURN_IF_ERROR(RaiseDescriptorLimit());
  RETURN_IF_ERROR(CheckThreads("the server", kThreadsAtStart));
  try {
    auto server = std::make_unique<RunningServer>(options, access);
    RETURN_IF_ERROR(server->OpenTls(options));
    RETURN_IF_ERROR(server->Bind(options));
    RETURN_IF_ERROR(server->Serve(options, services, std::move(metrics)));
    return server;
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot start the threads of the server (", error.what(), "); raise the limit (ulimit -u)"));
  }
}

void QuietGrpcLog() {
  setenv("GRPC_VERBOSITY", "NONE", 0);  // NOLINT(concurrency-mt-unsafe): documented as the first thing in main
}

}  // namespace recurve
