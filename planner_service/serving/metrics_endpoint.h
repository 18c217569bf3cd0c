// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVING_METRICS_ENDPOINT_H_
#define RECURVE_PLANNER_SERVICE_SERVING_METRICS_ENDPOINT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "planner_service/serving/address.h"

namespace prometheus {
class Exposer;
class Registry;
}  // namespace prometheus

namespace recurve {

// An HTTP port that answers /metrics with what a registry holds, until it is destroyed. Thread-safe.
class MetricsEndpoint {
 public:
  // UNAVAILABLE naming the address when it cannot be bound.
  static absl::StatusOr<std::unique_ptr<MetricsEndpoint>> Start(const Address& address,
                                                                std::shared_ptr<prometheus::Registry> registry);
  ~MetricsEndpoint();

  MetricsEndpoint(const MetricsEndpoint&) = delete;
  MetricsEndpoint& operator=(const MetricsEndpoint&) = delete;

  int port() const { return bound_.port; }

 private:
  MetricsEndpoint(std::unique_ptr<prometheus::Exposer> exposer, std::shared_ptr<prometheus::Registry> registry,
                  Address bound);

  const std::shared_ptr<prometheus::Registry> registry_;  // the exposer only has a weak reference
  std::unique_ptr<prometheus::Exposer> exposer_;
  const Address bound_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVING_METRICS_ENDPOINT_H_
