// SPDX-License-Identifier: Apache-2.0
//
// The text format of OpenMetrics 1.0, which Prometheus asks for before its own older one; prometheus-cpp writes only
// the latter.
#ifndef RECURVE_PLANNER_SERVICE_GRPC_SERVER_OPENMETRICS_H_
#define RECURVE_PLANNER_SERVICE_GRPC_SERVER_OPENMETRICS_H_

#include <prometheus/metric_family.h>

#include <string>
#include <string_view>
#include <vector>

namespace recurve {

inline constexpr char kOpenMetricsType[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";

// Whether a client with this Accept header wants OpenMetrics: it names the format, in version 1.0.0 or without a
// version, and prefers nothing else that can be served.
bool PrefersOpenMetrics(std::string_view accept);

// The counters, gauges and histograms among `families`; the daemons have no others. The unit of a family is the last
// word of its name. The names of counters must end in _total.
std::string ToOpenMetrics(const std::vector<prometheus::MetricFamily>& families);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_GRPC_SERVER_OPENMETRICS_H_
