// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "planner_service/fields/check_fields.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/mixed_chain.h"
#include "planner_service/planning/two_level.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr CountRange kBytes{0, kMaxBytes};
constexpr CountRange kCost{0, kMaxCost};

// Where the one of a taped forward is left out, it is that of any forward.
template <typename Costs>
void VisitCosts(Costs& costs, FieldVisitor& visitor) {
  visitor.Count({.name = "forward_cost", .required = true}, kCost, costs.forward_cost);
  if (visitor.Visits({"taped_forward_cost"}, /*present=*/true)) {
    visitor.Count({"taped_forward_cost"}, kCost, costs.taped_forward_cost);
  } else {
    costs.taped_forward_cost = costs.forward_cost;
  }
  visitor.Count({.name = "backward_cost", .required = true}, kCost, costs.backward_cost);
}

}  // namespace

void VisitFields(ChainSegment& segment, FieldVisitor& visitor) {
  visitor.Count({.name = "links", .required = true}, {1, kMaxMixedLinks}, segment.links);
  visitor.Count({.name = "state_bytes", .notation = Notation::kBytes, .required = true}, kBytes, segment.state_bytes);
  visitor.Count({.name = "tape_bytes", .notation = Notation::kBytes, .required = true}, kBytes, segment.tape_bytes);
  VisitCosts(segment, visitor);
}

void VisitFields(ChainRequest& request, FieldVisitor& visitor) {
  visitor.Fields({"segments"}, {1, kMaxMixedLinks}, request.segments);
  visitor.Count({"final_state_bytes"}, kBytes, request.final_state_bytes);
  visitor.Count({"budget_bytes"}, kBytes, request.budget_bytes);
  visitor.Count({"max_corners"}, {0, kMaxCorners}, request.max_corners);
}

void VisitFields(TwoLevelRequest::Store& store, FieldVisitor& visitor) {
  visitor.Count({"bytes"}, kBytes, store.bytes);
  visitor.Count({"write_cost"}, kCost, store.write_cost);
  visitor.Count({"read_cost"}, kCost, store.read_cost);
}

void VisitFields(TwoLevelRequest& request, FieldVisitor& visitor) {
  visitor.Count({"length"}, {1, kMaxTwoLevelLinks}, request.length);
  visitor.Count({"state_bytes"}, {1, kMaxBytes}, request.state_bytes);
  visitor.Count({"tape_bytes"}, kBytes, request.tape_bytes);
  VisitCosts(request, visitor);
  visitor.Fields({"device"}, request.device);
  visitor.Fields({"host"}, request.host);
  visitor.Enum({"start"}, kLevelNames, request.start);
}

void VisitFields(ChainCorner& corner, FieldVisitor& visitor) {
  visitor.Count({"bytes"}, kNotNegative, corner.bytes);
  visitor.Count({"cost"}, kNotNegative, corner.cost);
}

void VisitFields(ChainPlan& plan, FieldVisitor& visitor) {
  visitor.Count({"cost"}, kNotNegative, plan.cost);
  visitor.Count({"cost_lower_bound"}, kNotNegative, plan.cost_lower_bound);
  visitor.Count({"peak_bytes"}, kNotNegative, plan.peak_bytes);
  visitor.Count({"working_set_bytes"}, kNotNegative, plan.working_set_bytes);
  visitor.Count({"store_all_cost"}, kNotNegative, plan.store_all_cost);
  visitor.Count({"store_all_bytes"}, kNotNegative, plan.store_all_bytes);
  visitor.Fields({"curve"}, {0, kMaxCorners}, plan.curve);
}

void VisitFields(ReplayResult::Transfers& transfers, FieldVisitor& visitor) {
  visitor.Count({"writes"}, kNotNegative, transfers.writes);
  visitor.Count({"reads"}, kNotNegative, transfers.reads);
}

void VisitFields(TwoLevelPlan& plan, FieldVisitor& visitor) {
  visitor.Count({"cost"}, kNotNegative, plan.cost);
  visitor.Count({"device_only_cost"}, kNotNegative, plan.device_only_cost);
  visitor.Count({"store_all_cost"}, kNotNegative, plan.store_all_cost);
  visitor.Count({"forward_count"}, kNotNegative, plan.forward_count);
  visitor.Count({"device_peak_bytes"}, kNotNegative, plan.device_peak_bytes);
  visitor.Count({"host_peak_bytes"}, kNotNegative, plan.host_peak_bytes);
  visitor.Fields({"device"}, plan.device);
  visitor.Fields({"host"}, plan.host);
}

absl::Status CheckRequest(const ChainRequest& request) {
  RETURN_IF_ERROR(CheckFields(request));
  int64_t links = 0;
  for (const ChainSegment& segment : request.segments) links += segment.links;
  RETURN_IF_ERROR(CheckRange("total links of all segments", links, 1, kMaxMixedLinks));
  const int64_t splits = CountSplits(request.segments);
  if (splits <= kMaxMixedSplits) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("segments have ", splits, " ways to split their ", links,
                                                 " links; must be at most ", kMaxMixedSplits,
                                                 ": take more steps into a link, or fewer segments"));
}

absl::Status CheckRequest(const TwoLevelRequest& request) {
  RETURN_IF_ERROR(CheckFields(request));
  const int64_t steps = CountTwoLevelSteps(request);
  if (steps <= kMaxTwoLevelSteps) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "length is ", request.length, " with ", request.device.bytes / request.state_bytes, " states on the device and ",
      request.host.bytes / request.state_bytes, " on the host; length * length * (device + 1) * (host + 1) is ", steps,
      "; must be at most ", kMaxTwoLevelSteps, ": take more steps into a link, or give less host memory"));
}

}  // namespace recurve
