// SPDX-License-Identifier: Apache-2.0
#include "planner_service/grpc_server/server_metrics.h"

#include <prometheus/metric_family.h>

#include <chrono>
#include <utility>

#include "planner_service/grpc_server/connection_guard.h"
#include "planner_service/grpc_server/daemon_log.h"
#include "planner_service/grpc_server/gauge_family.h"
#include "planner_service/grpc_server/process_metrics.h"

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

void AddTls(const ReloadedTls& tls, std::vector<MetricFamily>& families) {
  families.push_back(
      GaugeFamily("recurve_server_certificate_expiry_timestamp_seconds",
                  "When the TLS certificate of the gRPC port, or one of its issuers, expires, in Unix time.",
                  std::chrono::duration<double>(tls.current()->expiry.time_since_epoch()).count()));
  families.push_back({.name = "recurve_server_certificate_reload_failures_total",
                      .help = "Times that the TLS files were found unusable, because bad ones replaced them or they "
                              "expired; the ones before remain in use.",
                      .type = MetricType::Counter,
                      .metric = {CounterOf(static_cast<double>(tls.failures()))}});
}

void AddCalls(const CallGuard& calls, std::vector<MetricFamily>& families) {
  MetricFamily ended{.name = "recurve_server_calls_ended_total",
                     .help =
                         "Calls that the server ended by itself, by reason: host_limit, the host of the client had "
                         "too many in progress; stalled, the client neither read nor sent for too long.",
                     .type = MetricType::Counter};
  for (const auto& [reason, count] :
       {std::pair{"host_limit", calls.refused()}, std::pair{"stalled", calls.stalled()}}) {
    ClientMetric metric = CounterOf(static_cast<double>(count));
    metric.label = {{"reason", reason}};
    ended.metric.push_back(std::move(metric));
  }
  families.push_back(std::move(ended));
  families.push_back(
      {.name = "recurve_server_connections_broken_off_total",
       .help = "Connections to the gRPC port closed because their client broke a limit of HTTP/2 frames.",
       .type = MetricType::Counter,
       .metric = {CounterOf(static_cast<double>(GuardViolations()))}});
}

}  // namespace

std::vector<MetricFamily> ServerMetrics::Collect() const {
  MetricFamily accepted{.name = "recurve_server_connections_accepted_total",
                        .help = "Connections accepted, by port.",
                        .type = MetricType::Counter};
  MetricFamily refused{.name = "recurve_server_connections_refused_total",
                       .help = "Connections closed immediately because of a shortage of file descriptors, by port.",
                       .type = MetricType::Counter};
  MetricFamily shares{.name = "recurve_server_connections_refused_of_host_total",
                      .help =
                          "Connections closed immediately because their host already had half of all, by port; also "
                          "counted as refused.",
                      .type = MetricType::Counter};
  MetricFamily rebinds{.name = "recurve_server_rebinds_total",
                       .help = "Times that an unresponsive port was bound again, by port.",
                       .type = MetricType::Counter};
  for (const Port& port : ports_) {
    const Listener::Counts& counts = port.listener.counts();
    for (const auto& [family, value] :
         {std::pair{&accepted, counts.accepted.load()}, std::pair{&refused, counts.refused.load()},
          std::pair{&shares, counts.refused_of_host.load()}, std::pair{&rebinds, counts.rebinds.load()}}) {
      ClientMetric metric = CounterOf(static_cast<double>(value));
      metric.label = {{"port", port.name}};
      family->metric.push_back(std::move(metric));
    }
  }
  MetricFamily dropped{.name = "recurve_server_log_lines_dropped_total",
                       .help = "Log lines dropped because there was no reader.",
                       .type = MetricType::Counter,
                       .metric = {CounterOf(static_cast<double>(DroppedLogLines()))}};
  MetricFamily answers = GaugeFamily("recurve_server_grpc_port_answers",
                                     "1 while the gRPC port answers new connections, else 0.", answers_ ? 1 : 0);
  std::vector<MetricFamily> families = CollectProcessMetrics();
  for (MetricFamily* family : {&accepted, &refused, &shares, &rebinds, &dropped, &answers}) {
    families.push_back(std::move(*family));
  }
  if (calls_ != nullptr) AddCalls(*calls_, families);
  if (tls_ != nullptr) AddTls(*tls_, families);
  if (access_ != nullptr && access_->has_token_file()) {
    families.push_back({.name = "recurve_server_token_file_reload_failures_total",
                        .help = "Times that the token file was found unusable, because a bad one replaced it; the "
                                "tokens before remain valid.",
                        .type = MetricType::Counter,
                        .metric = {CounterOf(static_cast<double>(access_->reload_failures()))}});
  }
  return families;
}

}  // namespace recurve
