// SPDX-License-Identifier: Apache-2.0
#include "planner_service/codec/chain_codec.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/codec/field_checks.h"
#include "planner_service/codec/schedule_codec.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

// A request whose fields are taken over, if it is in range.
template <typename Request>
absl::StatusOr<Request> Checked(Request request) {
  RETURN_IF_ERROR(CheckRequest(request));
  return request;
}

void EncodeStore(const TwoLevelRequest::Store& store, planner::v1::StateStore& message) {
  message.set_bytes(store.bytes);
  message.set_write_cost(store.write_cost);
  message.set_read_cost(store.read_cost);
}

TwoLevelRequest::Store DecodeStore(const planner::v1::StateStore& message) {
  return {.bytes = message.bytes(), .write_cost = message.write_cost(), .read_cost = message.read_cost()};
}

void EncodeTransfers(const ReplayResult::Transfers& transfers, planner::v1::StateTransfers& message) {
  message.set_writes(transfers.writes);
  message.set_reads(transfers.reads);
}

absl::StatusOr<ReplayResult::Transfers> DecodeTransfers(const char* field, const planner::v1::StateTransfers& message) {
  absl::Status status = CheckRange(absl::StrCat(field, ".writes"), message.writes(), 0, INT64_MAX);
  status.Update(CheckRange(absl::StrCat(field, ".reads"), message.reads(), 0, INT64_MAX));
  if (!status.ok()) return status;
  return ReplayResult::Transfers{.writes = message.writes(), .reads = message.reads()};
}

absl::Status CheckCurve(const ChainPlan& plan) {
  for (size_t i = 0; i < plan.curve.size(); ++i) {
    const ChainCorner& corner = plan.curve[i];
    const int64_t least_bytes = i == 0 ? 0 : plan.curve[i - 1].bytes + 1;
    const int64_t most_cost = i == 0 ? INT64_MAX : plan.curve[i - 1].cost - 1;
    absl::Status status = CheckRange(absl::StrCat("curve[", i, "].bytes"), corner.bytes, least_bytes, INT64_MAX - 1);
    status.Update(CheckRange(absl::StrCat("curve[", i, "].cost"), corner.cost, plan.store_all_cost, most_cost));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

planner::v1::PlanChainRequest EncodeRequest(const ChainRequest& request) {
  planner::v1::PlanChainRequest message;
  for (const ChainSegment& segment : request.segments) {
    planner::v1::ChainSegment& added = *message.add_segments();
    added.set_links(segment.links);
    added.set_state_bytes(segment.state_bytes);
    added.set_tape_bytes(segment.tape_bytes);
    added.set_forward_cost(segment.forward_cost);
    added.set_taped_forward_cost(segment.taped_forward_cost);
    added.set_backward_cost(segment.backward_cost);
  }
  message.set_final_state_bytes(request.final_state_bytes);
  message.set_budget_bytes(request.budget_bytes);
  message.set_max_corners(request.max_corners);
  return message;
}

absl::StatusOr<ChainRequest> DecodeRequest(const planner::v1::PlanChainRequest& message) {
  RETURN_IF_ERROR(CheckCount("segments", message.segments_size(), 1, kMaxMixedLinks));
  ChainRequest request = {.final_state_bytes = message.final_state_bytes(),
                          .budget_bytes = message.budget_bytes(),
                          .max_corners = message.max_corners()};
  for (const planner::v1::ChainSegment& segment : message.segments()) {
    request.segments.push_back({.links = segment.links(),
                                .state_bytes = segment.state_bytes(),
                                .tape_bytes = segment.tape_bytes(),
                                .forward_cost = segment.forward_cost(),
                                .taped_forward_cost = segment.taped_forward_cost(),
                                .backward_cost = segment.backward_cost()});
  }
  return Checked(std::move(request));
}

planner::v1::PlanChainResponse EncodePlan(const ChainPlan& plan) {
  planner::v1::PlanChainResponse message;
  message.set_cost(plan.cost);
  message.set_cost_lower_bound(plan.cost_lower_bound);
  message.set_peak_bytes(plan.peak_bytes);
  message.set_working_set_bytes(plan.working_set_bytes);
  message.set_store_all_cost(plan.store_all_cost);
  message.set_store_all_bytes(plan.store_all_bytes);
  for (const ChainCorner& corner : plan.curve) {
    planner::v1::ChainCorner& added = *message.add_curve();
    added.set_bytes(corner.bytes);
    added.set_cost(corner.cost);
  }
  *message.mutable_schedule() = EncodeSchedule(plan.schedule);
  return message;
}

absl::StatusOr<ChainPlan> DecodePlan(const planner::v1::PlanChainResponse& message) {
  ASSIGN_OR_RETURN(Schedule schedule, DecodeSchedule(message.schedule()));
  ChainPlan plan = {.cost = message.cost(),
                    .cost_lower_bound = message.cost_lower_bound(),
                    .peak_bytes = message.peak_bytes(),
                    .working_set_bytes = message.working_set_bytes(),
                    .store_all_cost = message.store_all_cost(),
                    .store_all_bytes = message.store_all_bytes(),
                    .schedule = std::move(schedule)};
  absl::Status status = CheckRange("store_all_cost", plan.store_all_cost, 0, INT64_MAX);
  status.Update(CheckRange("cost", plan.cost, plan.store_all_cost, INT64_MAX));
  status.Update(CheckRange("cost_lower_bound", plan.cost_lower_bound, plan.store_all_cost, plan.cost));
  status.Update(CheckRange("peak_bytes", plan.peak_bytes, 0, INT64_MAX));
  status.Update(CheckRange("working_set_bytes", plan.working_set_bytes, 0, INT64_MAX));
  status.Update(CheckRange("store_all_bytes", plan.store_all_bytes, 0, INT64_MAX));
  status.Update(CheckCount("curve", message.curve_size(), 0, kMaxCorners));
  if (!status.ok()) return status;
  for (const planner::v1::ChainCorner& corner : message.curve()) {
    plan.curve.push_back({.bytes = corner.bytes(), .cost = corner.cost()});
  }
  if (status = CheckCurve(plan); !status.ok()) return status;
  return plan;
}

planner::v1::PlanTwoLevelRequest EncodeRequest(const TwoLevelRequest& request) {
  planner::v1::PlanTwoLevelRequest message;
  message.set_length(request.length);
  message.set_state_bytes(request.state_bytes);
  message.set_tape_bytes(request.tape_bytes);
  message.set_forward_cost(request.forward_cost);
  message.set_taped_forward_cost(request.taped_forward_cost);
  message.set_backward_cost(request.backward_cost);
  EncodeStore(request.device, *message.mutable_device());
  EncodeStore(request.host, *message.mutable_host());
  message.set_start(request.start == Level::kHost ? planner::v1::STORE_LEVEL_HOST : planner::v1::STORE_LEVEL_DEVICE);
  return message;
}

absl::StatusOr<TwoLevelRequest> DecodeRequest(const planner::v1::PlanTwoLevelRequest& message) {
  RETURN_IF_ERROR(CheckRange("start", message.start(), 0, planner::v1::STORE_LEVEL_HOST));
  return Checked(
      TwoLevelRequest{.length = message.length(),
                      .state_bytes = message.state_bytes(),
                      .tape_bytes = message.tape_bytes(),
                      .forward_cost = message.forward_cost(),
                      .taped_forward_cost = message.taped_forward_cost(),
                      .backward_cost = message.backward_cost(),
                      .device = DecodeStore(message.device()),
                      .host = DecodeStore(message.host()),
                      .start = message.start() == planner::v1::STORE_LEVEL_HOST ? Level::kHost : Level::kDevice});
}

planner::v1::PlanTwoLevelResponse EncodePlan(const TwoLevelPlan& plan) {
  planner::v1::PlanTwoLevelResponse message;
  message.set_cost(plan.cost);
  message.set_device_only_cost(plan.device_only_cost);
  message.set_store_all_cost(plan.store_all_cost);
  message.set_forward_count(plan.forward_count);
  message.set_device_peak_bytes(plan.device_peak_bytes);
  message.set_host_peak_bytes(plan.host_peak_bytes);
  EncodeTransfers(plan.device, *message.mutable_device());
  EncodeTransfers(plan.host, *message.mutable_host());
  *message.mutable_schedule() = EncodeSchedule(plan.schedule);
  return message;
}

absl::StatusOr<TwoLevelPlan> DecodePlan(const planner::v1::PlanTwoLevelResponse& message) {
  ASSIGN_OR_RETURN(Schedule schedule, DecodeSchedule(message.schedule()));
  TwoLevelPlan plan = {.cost = message.cost(),
                       .device_only_cost = message.device_only_cost(),
                       .store_all_cost = message.store_all_cost(),
                       .forward_count = message.forward_count(),
                       .device_peak_bytes = message.device_peak_bytes(),
                       .host_peak_bytes = message.host_peak_bytes(),
                       .schedule = std::move(schedule)};
  ASSIGN_OR_RETURN(plan.device, DecodeTransfers("device", message.device()));
  ASSIGN_OR_RETURN(plan.host, DecodeTransfers("host", message.host()));
  absl::Status status = CheckRange("store_all_cost", plan.store_all_cost, 0, INT64_MAX);
  status.Update(CheckRange("cost", plan.cost, plan.store_all_cost, INT64_MAX));
  status.Update(CheckRange("device_only_cost", plan.device_only_cost, plan.cost, INT64_MAX));
  status.Update(CheckRange("forward_count", plan.forward_count, plan.schedule.length(), INT64_MAX));
  status.Update(CheckRange("device_peak_bytes", plan.device_peak_bytes, 0, INT64_MAX));
  status.Update(CheckRange("host_peak_bytes", plan.host_peak_bytes, 0, INT64_MAX));
  if (!status.ok()) return status;
  return plan;
}

}  // namespace recurve
