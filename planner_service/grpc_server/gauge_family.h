// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_GAUGE_FAMILY_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_GAUGE_FAMILY_H_

#include <prometheus/metric_family.h>

#include <string>
#include <utility>

namespace recurve {

// A gauge that is read when it is scraped, so that no registry keeps it.
inline prometheus::MetricFamily GaugeFamily(std::string name, std::string help, double value) {
  prometheus::MetricFamily family{
      .name = std::move(name), .help = std::move(help), .type = prometheus::MetricType::Gauge};
  family.metric.emplace_back().gauge.value = value;
  return family;
}

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_GAUGE_FAMILY_H_
