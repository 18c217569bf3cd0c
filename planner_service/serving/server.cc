// SPDX-License-Identifier: Apache-2.0
#include "planner_service/serving/server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/impl/server_initializer.h>
#include <grpcpp/resource_quota.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): setenv is POSIX

#include <algorithm>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/process/failures.h"
#include "planner_service/process/granted.h"
#include "planner_service/serving/address.h"
#include "planner_service/serving/metrics_endpoint.h"

namespace recurve {
namespace {

// Clients may ask whether a connection lives as often as this.
constexpr int kMinPingIntervalMs = 10'000;
// The server asks in turn when a connection has been silent, and closes it when there is no answer.
constexpr int kKeepaliveTimeMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
// Whoever connects has to say something within this time.
constexpr int kHandshakeMs = 10'000;
// Calls under way on one connection; a client's library keeps more waiting on its side.
constexpr int kMaxStreams = 256;
// Queues that calls are taken from. More of them read more of a flood into memory before it is held back.
constexpr int kMostQueues = 4;
// Threads that gRPC and the metrics need to start: where there are fewer, gRPC hangs or ends the process.
constexpr int kThreadsAtStart = 24;

// Makes the health service know every service of a server by its name. gRPC tells the names to plugins only.
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

// Health and reflection are switched on for all servers of a process, before the first one is built.
void EnableHealthAndReflection() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

// What keeps clients, however many and whatever they send, from taking all memory or threads.
void SetLimits(const ServerOptions& options, grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kMinPingIntervalMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreams);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, std::min(GrantedProcessors(), kMostQueues));
  grpc::ResourceQuota quota("recurve");
  quota.SetMaxThreads(options.max_calls);
  quota.Resize(options.max_transport_bytes);
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(options.max_request_bytes);
  builder.SetMaxSendMessageSize(options.max_answer_bytes);
}

class RunningServer final : public Server {
 public:
  explicit RunningServer(std::chrono::milliseconds drain_time) : drain_time_(drain_time) {}
  ~RunningServer() override { Drain(); }

  absl::Status StartMetrics(const std::string& listen, std::shared_ptr<prometheus::Registry> registry);
  absl::Status StartGrpc(const ServerOptions& options, const std::vector<grpc::Service*>& services);

  int port() const override { return port_; }
  int metrics_port() const override { return metrics_ == nullptr ? 0 : metrics_->port(); }

  void SetServing() override { SetHealth(true); }

  void Drain() override {
    std::call_once(drained_, [this] {
      if (server_ == nullptr) return;
      server_->GetHealthCheckService()->Shutdown();
      server_->Shutdown(std::chrono::system_clock::now() + drain_time_);
      server_->Wait();
    });
  }

 private:
  void SetHealth(bool serving) {
    server_->GetHealthCheckService()->SetServingStatus("", serving);
    for (const std::string& name : names_) server_->GetHealthCheckService()->SetServingStatus(name, serving);
  }

  const std::chrono::milliseconds drain_time_;
  std::vector<std::string> names_;  // of the services
  // Declared before the gRPC server, so that metrics can be read until the last call has ended.
  std::unique_ptr<MetricsEndpoint> metrics_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  std::once_flag drained_;
};

absl::Status RunningServer::StartMetrics(const std::string& listen, std::shared_ptr<prometheus::Registry> registry) {
  if (listen.empty()) return absl::OkStatus();
  const absl::StatusOr<Address> address = ParseAddress(listen);
  if (!address.ok()) return address.status();
  absl::StatusOr<std::unique_ptr<MetricsEndpoint>> endpoint = MetricsEndpoint::Start(*address, std::move(registry));
  if (!endpoint.ok()) return endpoint.status();
  metrics_ = *std::move(endpoint);
  return absl::OkStatus();
}

absl::Status RunningServer::StartGrpc(const ServerOptions& options, const std::vector<grpc::Service*>& services) {
  const absl::StatusOr<Address> address = ParseAddress(options.listen);
  if (!address.ok()) return address.status();
  EnableHealthAndReflection();

  grpc::ServerBuilder builder;
  builder.SetOption(std::make_unique<PerServiceHealth>(&names_));
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a port in use is an error
  SetLimits(options, builder);
  builder.AddListeningPort(ToString(*address), grpc::InsecureServerCredentials(), &port_);
  for (grpc::Service* service : services) builder.RegisterService(service);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port_ == 0) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", options.listen,
                                               " for gRPC: the port is in use, or the host is not an address of this "
                                               "machine; choose another address"));
  }
  SetHealth(options.serving);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                      const std::vector<grpc::Service*>& services,
                                                      std::shared_ptr<prometheus::Registry> registry) {
  if (absl::Status status = CheckThreads("the server", kThreadsAtStart); !status.ok()) return status;
  auto server = std::make_unique<RunningServer>(options.drain_time);
  if (absl::Status status = server->StartMetrics(options.metrics_listen, std::move(registry)); !status.ok()) {
    return status;
  }
  if (absl::Status status = server->StartGrpc(options, services); !status.ok()) return status;
  return server;
}

void QuietGrpcLog() {
  setenv("GRPC_VERBOSITY", "NONE", 0);  // NOLINT(concurrency-mt-unsafe): documented as the first thing in main
}

}  // namespace recurve
