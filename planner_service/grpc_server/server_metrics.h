// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_SERVER_METRICS_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_SERVER_METRICS_H_

#include <prometheus/collectable.h>

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "planner_service/access/access.h"
#include "planner_service/grpc_server/call_guard.h"
#include "planner_service/grpc_server/listener.h"
#include "planner_service/grpc_server/reloaded_tls.h"

namespace recurve {

// Metrics of a server's ports and its process: connections, certificates, descriptors, log lines. Thread-safe.
class ServerMetrics final : public prometheus::Collectable {
 public:
  // `name` is the label of the port. The listener must outlive this object's last Collect.
  void Watch(const std::string& name, const Listener& listener) { ports_.push_back({name, listener}); }

  // The same holds for the certificate of the gRPC port, if it has one.
  void Watch(const ReloadedTls& tls) { tls_ = &tls; }

  // The same holds for what decides who may call.
  void Watch(const Access& access) { access_ = &access; }
  // The same holds for the calls of the gRPC port.
  void Watch(const CallGuard& calls) { calls_ = &calls; }

  void SetAnswers(bool answers) { answers_ = answers; }

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  struct Port {
    std::string name;
    const Listener& listener;
  };

  std::vector<Port> ports_;
  const ReloadedTls* tls_ = nullptr;
  const Access* access_ = nullptr;
  const CallGuard* calls_ = nullptr;
  std::atomic<bool> answers_ = true;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_SERVER_METRICS_H_
