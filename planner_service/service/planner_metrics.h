// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_PLANNER_METRICS_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_PLANNER_METRICS_H_

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "planner_service/service/price.h"

namespace recurve {

// All metrics exported by the planner service. The registry must outlive it. Thread-safe.
class PlannerMetrics {
 public:
  PlannerMetrics(prometheus::Registry& registry, const std::string& version);

  PlannerMetrics(const PlannerMetrics&) = delete;
  PlannerMetrics& operator=(const PlannerMetrics&) = delete;

  // An RPC has been answered.
  void RecordRequest(const std::string& method, absl::StatusCode code, std::chrono::duration<double> seconds);

 private:
  // Declared before the members created from them.
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& request_seconds_;

 public:
  prometheus::Histogram& solve_seconds;
  prometheus::Gauge& solves_in_flight;
  std::array<prometheus::Gauge*, kLanes> solves_waiting;  // by lane
  prometheus::Counter& shed;
  prometheus::Counter& price_refusals_time;
  prometheus::Counter& price_refusals_memory;
  prometheus::Gauge& call_bytes;
  prometheus::Gauge& call_capacity_bytes;
  prometheus::Gauge& streams;
  prometheus::Counter& memo_hits;
  prometheus::Counter& memo_shared;
  prometheus::Counter& memo_misses;
  prometheus::Counter& memo_evictions;
  prometheus::Gauge& memo_bytes;
  prometheus::Gauge& memo_capacity_bytes;
  prometheus::Gauge& memo_entries;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_PLANNER_METRICS_H_
