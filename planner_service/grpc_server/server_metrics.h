// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_SERVER_METRICS_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_SERVER_METRICS_H_

#include <prometheus/collectable.h>

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "planner_service/grpc_server/listener.h"

namespace recurve {

// Metrics of a server's ports and its process: connections, descriptors, log lines. Thread-safe.
class ServerMetrics final : public prometheus::Collectable {
 public:
  // `name` is the label of the port. The listener must outlive this object's last Collect.
  void Watch(const std::string& name, const Listener& listener) { ports_.push_back({name, listener}); }

  void SetAnswers(bool answers) { answers_ = answers; }

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  struct Port {
    std::string name;
    const Listener& listener;
  };

  std::vector<Port> ports_;
  std::atomic<bool> answers_ = true;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_SERVER_METRICS_H_
