// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_PLANNER_METRICS_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_PLANNER_METRICS_H_

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>
#include <string>

#include "absl/status/status.h"

namespace recurve {

// Every metric that the planner service exports. Refers to the registry, which must outlive it. Thread-safe.
class PlannerMetrics {
 public:
  PlannerMetrics(prometheus::Registry& registry, const std::string& version);

  PlannerMetrics(const PlannerMetrics&) = delete;
  PlannerMetrics& operator=(const PlannerMetrics&) = delete;

  // An RPC has been answered.
  void RecordRequest(const std::string& method, absl::StatusCode code, std::chrono::duration<double> seconds);

 private:
  // Declared before the members that are made from them.
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& request_seconds_;

 public:
  prometheus::Histogram& solve_seconds;  // a solve has ended, well or not
  prometheus::Gauge& solves_in_flight;   // being solved now
  prometheus::Gauge& solves_waiting;     // waiting for one of those to end
  prometheus::Counter& shed;             // refused because too many wait
  prometheus::Gauge& streams;            // of actions, open now
  prometheus::Counter& memo_hits;        // answered from the memo
  prometheus::Counter& memo_shared;      // answered by a solve that another request had begun
  prometheus::Counter& memo_misses;      // had to be solved
  prometheus::Counter& memo_evictions;   // plans that went to make room
  prometheus::Gauge& memo_bytes;         // held by the memo
  prometheus::Gauge& memo_entries;       // plans in the memo
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_PLANNER_METRICS_H_
