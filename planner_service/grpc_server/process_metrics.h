// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_PROCESS_METRICS_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_PROCESS_METRICS_H_

#include <prometheus/metric_family.h>

#include <vector>

namespace recurve {

// The metrics of this process under the names that Prometheus' own clients use (process_cpu_seconds_total and so on),
// so that common dashboards and alerts work. Reads /proc; takes well under a millisecond. Thread-safe.
std::vector<prometheus::MetricFamily> CollectProcessMetrics();

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_PROCESS_METRICS_H_
