// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/server_metrics.h"

#include <prometheus/metric_family.h>
#include <sys/resource.h>

#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "planner_service/grpc_server/daemon_log.h"

namespace recurve {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

ClientMetric CounterOf(double value) {
  ClientMetric metric;
  metric.counter.value = value;
  return metric;
}

MetricFamily Gauge(const std::string& name, const std::string& help, double value) {
  MetricFamily family{.name = name, .help = help, .type = MetricType::Gauge};
  family.metric.emplace_back().gauge.value = value;
  return family;
}

double OpenDescriptors() {
  std::error_code error;
  int64_t count = -1;  // reading the directory opens one itself
  for (std::filesystem::directory_iterator each("/proc/self/fd", error); !error && each != end(each);
       each.increment(error)) {
    ++count;
  }
  return static_cast<double>(count);
}

double MostDescriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

std::vector<MetricFamily> ServerMetrics::Collect() const {
  MetricFamily accepted{.name = "recurve_server_connections_accepted_total",
                        .help = "Connections accepted, by port.",
                        .type = MetricType::Counter};
  MetricFamily refused{.name = "recurve_server_connections_refused_total",
                       .help = "Connections closed immediately because of a shortage of file descriptors, by port.",
                       .type = MetricType::Counter};
  MetricFamily rebinds{.name = "recurve_server_rebinds_total",
                       .help = "Times that an unresponsive port was bound again, by port.",
                       .type = MetricType::Counter};
  for (const Port& port : ports_) {
    const Listener::Counts& counts = port.listener.counts();
    for (const auto& [family, value] :
         {std::pair{&accepted, counts.accepted.load()}, std::pair{&refused, counts.refused.load()},
          std::pair{&rebinds, counts.rebinds.load()}}) {
      ClientMetric metric = CounterOf(static_cast<double>(value));
      metric.label = {{"port", port.name}};
      family->metric.push_back(std::move(metric));
    }
  }
  MetricFamily dropped{.name = "recurve_server_log_lines_dropped_total",
                       .help = "Log lines dropped because there was no reader.",
                       .type = MetricType::Counter,
                       .metric = {CounterOf(static_cast<double>(DroppedLogLines()))}};
  return {std::move(accepted),
          std::move(refused),
          std::move(rebinds),
          std::move(dropped),
          Gauge("recurve_server_grpc_port_answers", "1 while the gRPC port answers new connections, else 0.",
                answers_ ? 1 : 0),
          Gauge("process_open_fds", "Open file descriptors.", OpenDescriptors()),
          Gauge("process_max_fds", "Maximum number of open file descriptors.", MostDescriptors())};
}

}  // namespace recurve
