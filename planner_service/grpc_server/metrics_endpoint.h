// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_METRICS_ENDPOINT_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_METRICS_ENDPOINT_H_

#include <prometheus/collectable.h>

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/access/access.h"
#include "planner_service/grpc_server/listener.h"
#include "planner_service/grpc_server/reloaded_tls.h"

namespace recurve {

// What protects the metrics. Both must outlive the endpoint.
struct MetricsProtection {
  const ReloadedTls* tls = nullptr;  // null: plaintext
  const Access* access = nullptr;    // admits callers, who need the role kRead; null: everybody may read the metrics
};

// Answers GET and HEAD of /metrics over HTTP or HTTPS until it is destroyed, in OpenMetrics if the client prefers that,
// else in Prometheus' text format. Thread-safe.
//
// A single thread answers and never waits for a client. The number of connections is limited: another one closes the
// oldest, so that idle, slow and broken clients cannot block a scrape.
class MetricsEndpoint {
 public:
  using Sources = std::vector<std::shared_ptr<prometheus::Collectable>>;

  // Serves the metrics of `sources` to clients of `listener`, which must outlive the endpoint and is stopped with it.
  // RESOURCE_EXHAUSTED when the thread cannot be started; errors of MetricsTls::Open.
  static absl::StatusOr<std::unique_ptr<MetricsEndpoint>> Start(Listener& listener, Sources sources,
                                                                const MetricsProtection& protection);
  virtual ~MetricsEndpoint() = default;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_METRICS_ENDPOINT_H_
