// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_METRICS_ENDPOINT_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_METRICS_ENDPOINT_H_

#include <prometheus/collectable.h>

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/grpc_server/listener.h"

namespace recurve {

// Answers GET and HEAD of /metrics over HTTP until it is destroyed, in OpenMetrics if the client prefers that, else in
// Prometheus' text format. Thread-safe.
//
// A single thread answers and never waits for a client. The number of connections is limited: another one closes the
// oldest, so that idle, slow and broken clients cannot block a scrape.
class MetricsEndpoint {
 public:
  using Sources = std::vector<std::shared_ptr<prometheus::Collectable>>;

  // Serves the metrics of `sources` to clients of `listener`, which must outlive the endpoint and is stopped with it.
  // RESOURCE_EXHAUSTED when the thread cannot be started.
  static absl::StatusOr<std::unique_ptr<MetricsEndpoint>> Start(Listener& listener, Sources sources);
  virtual ~MetricsEndpoint() = default;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_METRICS_ENDPOINT_H_
