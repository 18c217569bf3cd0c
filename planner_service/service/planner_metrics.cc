// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/planner_metrics.h"

namespace recurve {
namespace {

// From a memo hit to the largest plan.
prometheus::Histogram::BucketBoundaries SecondsBuckets() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

prometheus::Counter& Counter(prometheus::Registry& registry, const std::string& name, const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Gauge& Gauge(prometheus::Registry& registry, const std::string& name, const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

std::array<prometheus::Gauge*, kLanes> GaugesByLane(prometheus::Registry& registry, const std::string& name,
                                                    const std::string& help) {
  auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(registry);
  return {&family.Add({{"lane", "small"}}), &family.Add({{"lane", "large"}})};
}

prometheus::Counter& PriceRefusals(prometheus::Registry& registry, const std::string& limit) {
  return prometheus::BuildCounter()
      .Name("recurve_planner_price_refusals_total")
      .Help("Requests refused before they were solved because their estimated time or memory is above a limit.")
      .Register(registry)
      .Add({{"limit", limit}});
}

}  // namespace

PlannerMetrics::PlannerMetrics(prometheus::Registry& registry, const std::string& version)
    : requests_(prometheus::BuildCounter()
                    .Name("recurve_planner_requests_total")
                    .Help("RPCs answered, by method and status code.")
                    .Register(registry)),
      request_seconds_(prometheus::BuildHistogram()
                           .Name("recurve_planner_request_seconds")
                           .Help("Time from the arrival of an RPC to its answer, by method.")
                           .Register(registry)),
      solve_seconds(prometheus::BuildHistogram()
                        .Name("recurve_planner_solve_seconds")
                        .Help("Time spent solving a request, without the memo and without waiting.")
                        .Register(registry)
                        .Add({}, SecondsBuckets())),
      solves_in_flight(Gauge(registry, "recurve_planner_solves_in_flight", "Requests being solved.")),
      solves_waiting(
          GaugesByLane(registry, "recurve_planner_solves_waiting", "Requests waiting for a free solver, by lane.")),
      shed(Counter(registry, "recurve_planner_shed_total",
                   "Requests rejected because too many were waiting or they held too much memory.")),
      price_refusals_time(PriceRefusals(registry, "time")),
      price_refusals_memory(PriceRefusals(registry, "memory")),
      call_bytes(Gauge(registry, "recurve_planner_call_bytes", "Memory reserved for requests and their answers.")),
      call_capacity_bytes(Gauge(registry, "recurve_planner_call_capacity_bytes",
                                "Most memory that requests and their answers may hold (--memory-limit).")),
      streams(Gauge(registry, "recurve_planner_streams", "Open streams of actions, in either direction.")),
      memo_hits(Counter(registry, "recurve_planner_memo_hits_total", "Plans answered from the memo.")),
      memo_shared(Counter(registry, "recurve_planner_memo_shared_total",
                          "Plans answered by the solve of an equal, earlier request.")),
      memo_misses(Counter(registry, "recurve_planner_memo_misses_total", "Plans that had to be solved.")),
      memo_evictions(
          Counter(registry, "recurve_planner_memo_evictions_total", "Plans evicted from the memo to make room.")),
      memo_bytes(Gauge(registry, "recurve_planner_memo_bytes", "Bytes used by the memo.")),
      memo_capacity_bytes(
          Gauge(registry, "recurve_planner_memo_capacity_bytes", "Most bytes that the memo may use (--memo-bytes).")),
      memo_entries(Gauge(registry, "recurve_planner_memo_entries", "Plans in the memo.")) {
  prometheus::BuildGauge()
      .Name("recurve_planner_build_info")
      .Help("Always 1; the labels identify the build.")
      .Register(registry)
      .Add({{"version", version}})
      .Set(1);
}

void PlannerMetrics::RecordRequest(const std::string& method, absl::StatusCode code,
                                   std::chrono::duration<double> seconds) {
  requests_.Add({{"method", method}, {"code", absl::StatusCodeToString(code)}}).Increment();
  request_seconds_.Add({{"method", method}}, SecondsBuckets()).Observe(seconds.count());
}

}  // namespace recurve
