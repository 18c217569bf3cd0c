// SPDX-License-Identifier: Apache-2.0
#include "planner_service/codec/chain_codec.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/codec/field_codec.h"
#include "planner_service/codec/schedule_codec.h"
#include "planner_service/fields/check_fields.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

template <typename Request>
absl::StatusOr<Request> DecodeRequestFields(const google::protobuf::Message& message) {
  ASSIGN_OR_RETURN(Request request, DecodeFields<Request>(message));
  RETURN_IF_ERROR(CheckRequest(request));  // relations between fields
  return request;
}

absl::Status CheckCurve(const ChainPlan& plan) {
  for (size_t i = 0; i < plan.curve.size(); ++i) {
    const ChainCorner& corner = plan.curve[i];
    const int64_t least_bytes = i == 0 ? 0 : plan.curve[i - 1].bytes + 1;
    const int64_t most_cost = i == 0 ? INT64_MAX : plan.curve[i - 1].cost - 1;
    RETURN_IF_ERROR(CheckRange(absl::StrCat("curve[", i, "].bytes"), corner.bytes, least_bytes, INT64_MAX - 1));
    RETURN_IF_ERROR(CheckRange(absl::StrCat("curve[", i, "].cost"), corner.cost, plan.store_all_cost, most_cost));
  }
  return absl::OkStatus();
}

}  // namespace

planner::v1::PlanChainRequest EncodeRequest(const ChainRequest& request) {
  return EncodeAs<planner::v1::PlanChainRequest>(request);
}

absl::StatusOr<ChainRequest> DecodeRequest(const planner::v1::PlanChainRequest& message) {
  return DecodeRequestFields<ChainRequest>(message);
}

planner::v1::PlanChainResponse EncodePlan(const ChainPlan& plan) {
  planner::v1::PlanChainResponse message;
  EncodeFields(plan, message);
  *message.mutable_schedule() = EncodeSchedule(plan.schedule);
  return message;
}

absl::StatusOr<ChainPlan> DecodePlan(const planner::v1::PlanChainResponse& message) {
  ASSIGN_OR_RETURN(Schedule schedule, DecodeSchedule(message.schedule()));
  ASSIGN_OR_RETURN(ChainPlan plan, DecodeFields<ChainPlan>(message));
  RETURN_IF_ERROR(CheckRange("cost", plan.cost, {.least = plan.store_all_cost}));
  RETURN_IF_ERROR(CheckRange("cost_lower_bound", plan.cost_lower_bound, plan.store_all_cost, plan.cost));
  RETURN_IF_ERROR(CheckCurve(plan));
  plan.schedule = std::move(schedule);
  return plan;
}

planner::v1::PlanTwoLevelRequest EncodeRequest(const TwoLevelRequest& request) {
  return EncodeAs<planner::v1::PlanTwoLevelRequest>(request);
}

absl::StatusOr<TwoLevelRequest> DecodeRequest(const planner::v1::PlanTwoLevelRequest& message) {
  return DecodeRequestFields<TwoLevelRequest>(message);
}

planner::v1::PlanTwoLevelResponse EncodePlan(const TwoLevelPlan& plan) {
  planner::v1::PlanTwoLevelResponse message;
  EncodeFields(plan, message);
  *message.mutable_schedule() = EncodeSchedule(plan.schedule);
  return message;
}

absl::StatusOr<TwoLevelPlan> DecodePlan(const planner::v1::PlanTwoLevelResponse& message) {
  ASSIGN_OR_RETURN(Schedule schedule, DecodeSchedule(message.schedule()));
  ASSIGN_OR_RETURN(TwoLevelPlan plan, DecodeFields<TwoLevelPlan>(message));
  RETURN_IF_ERROR(CheckRange("cost", plan.cost, {.least = plan.store_all_cost}));
  RETURN_IF_ERROR(CheckRange("device_only_cost", plan.device_only_cost, {.least = plan.cost}));
  RETURN_IF_ERROR(CheckRange("forward_count", plan.forward_count, {.least = schedule.length()}));
  plan.schedule = std::move(schedule);
  return plan;
}

}  // namespace recurve
