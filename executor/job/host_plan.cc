// SPDX-License-Identifier: Apache-2.0
#include "executor/job/host_plan.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace recurve {
namespace {

constexpr double kCostUnits = 1 << 24;  // the largest cost; costs are integers

// The number of links whose tapes fit at once, including the state of the first.
int64_t TapedAtOnce(const TwoLevelRequest& request) {
  const int64_t free = request.device.bytes - request.state_bytes;
  if (free < request.tape_bytes) return 1;
  return 2 + (free - request.tape_bytes) / (request.tape_bytes + request.state_bytes);
}

// The number of host states that are useful and within kMaxHostPlanSteps.
int64_t HostStates(const TwoLevelRequest& request) {
  const int64_t taped = TapedAtOnce(request);
  const int64_t useful = (request.length + taped - 1) / taped;
  const int64_t on_device = std::min(request.device.bytes / request.state_bytes, request.length - 1);
  const double cells = static_cast<double>(kMaxHostPlanSteps) /
                       (static_cast<double>(request.length) * static_cast<double>(request.length));
  const auto allowed = static_cast<int64_t>(cells / static_cast<double>(on_device + 1)) - 1;
  return std::max<int64_t>(0, std::min(useful, allowed));
}

}  // namespace

HostQuestion AskWithHost(const LinkSizing& sizing, int64_t store_bytes, int64_t host_bytes, const LinkCosts& costs,
                         const TransferCosts& transfers) {
  const double dearest = std::max({costs.forward_seconds, costs.taped_forward_seconds, costs.backward_seconds,
                                   transfers.store_seconds, transfers.fetch_seconds, transfers.copy_seconds, 1e-9});
  HostQuestion question{.unit_seconds = dearest / kCostUnits};
  const auto units = [&](double seconds) { return std::llround(seconds / question.unit_seconds); };
  TwoLevelRequest& request = question.request;
  request = {.length = sizing.links(),
             .state_bytes = sizing.link_bytes.state,
             .tape_bytes = sizing.link_bytes.tape,
             .forward_cost = units(costs.forward_seconds),
             .taped_forward_cost = units(costs.taped_forward_seconds),
             .backward_cost = units(costs.backward_seconds),
             .device = {.bytes = store_bytes, .write_cost = units(transfers.copy_seconds)},
             .host = {.write_cost = units(transfers.store_seconds), .read_cost = units(transfers.fetch_seconds)}};
  request.host.bytes = std::min(host_bytes / request.state_bytes, HostStates(request)) * request.state_bytes;
  return question;
}

Plan PlanWithHost(TwoLevelPlan answer, double unit_seconds) {
  return {.feasible = true,
          .strategy = Strategy::kAuto,
          .forward_count = answer.forward_count,
          .forward_count_lower_bound = answer.forward_count,
          .peak_bytes = answer.device_peak_bytes,
          .predicted_seconds = static_cast<double>(answer.cost) * unit_seconds,
          .schedule = std::move(answer.schedule)};
}

}  // namespace recurve
