// SPDX-License-Identifier: Apache-2.0
#include "planner_service/codec/plan_codec.h"

#include <cstdint>
#include <utility>

#include "planner_service/codec/field_codec.h"
#include "planner_service/codec/schedule_codec.h"
#include "planner_service/fields/check_fields.h"
#include "planner_service/planning/planner.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

planner::v1::MakePlanRequest EncodeRequest(const PlanRequest& request) {
  return EncodeAs<planner::v1::MakePlanRequest>(request);
}

absl::StatusOr<PlanRequest> DecodeRequest(const planner::v1::MakePlanRequest& message) {
  if (message.budget_case() == planner::v1::MakePlanRequest::BUDGET_NOT_SET) {
    return absl::InvalidArgumentError("budget is unset; set bytes or slots");
  }
  ASSIGN_OR_RETURN(PlanRequest request, DecodeFields<PlanRequest>(message));
  // Relations between fields: the budget that the strategy takes, and the amount of work.
  RETURN_IF_ERROR(CheckRequest(request));
  return request;
}

planner::v1::MakePlanResponse EncodeFigures(const Plan& plan) { return EncodeAs<planner::v1::MakePlanResponse>(plan); }

planner::v1::MakePlanResponse EncodePlan(const Plan& plan) {
  planner::v1::MakePlanResponse message = EncodeFigures(plan);
  if (plan.feasible) *message.mutable_schedule() = EncodeSchedule(plan.schedule);
  return message;
}

absl::StatusOr<Plan> DecodeFigures(const planner::v1::MakePlanResponse& message, int64_t length) {
  ASSIGN_OR_RETURN(Plan plan, DecodeFields<Plan>(message));
  if (!plan.feasible) return plan;
  // The checks that are possible without replaying the schedule.
  RETURN_IF_ERROR(CheckRange("forward_count", plan.forward_count, {.least = length}));
  RETURN_IF_ERROR(CheckRange("forward_count_lower_bound", plan.forward_count_lower_bound, 0, plan.forward_count));
  RETURN_IF_ERROR(
      CheckRange("forward_count_upper_bound", plan.forward_count_upper_bound, {.least = plan.forward_count}));
  return plan;
}

absl::StatusOr<Plan> DecodePlan(const planner::v1::MakePlanResponse& message) {
  if (!message.feasible()) return DecodeFigures(message, 0);
  ASSIGN_OR_RETURN(Schedule schedule, DecodeSchedule(message.schedule()));
  absl::StatusOr<Plan> plan = DecodeFigures(message, schedule.length());
  if (plan.ok()) plan->schedule = std::move(schedule);
  return plan;
}

}  // namespace recurve
