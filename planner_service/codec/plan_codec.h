// SPDX-License-Identifier: Apache-2.0
//
// Plans as messages. Decoding validates: what comes out of it may be assumed to be well formed.
#ifndef RECURVE_PLANNER_SERVICE_CODEC_PLAN_CODEC_H_
#define RECURVE_PLANNER_SERVICE_CODEC_PLAN_CODEC_H_

#include "absl/status/statusor.h"
#include "planner_service/planning/plan.h"
#include "recurve/planner/v1/planner.pb.h"

namespace recurve {

planner::v1::MakePlanRequest EncodeRequest(const PlanRequest& request);
// INVALID_ARGUMENT naming the field as it is called in the proto.
absl::StatusOr<PlanRequest> DecodeRequest(const planner::v1::MakePlanRequest& message);

// Everything but the schedule: what is known of a plan for a chain of `length` links whose actions travel apart from
// it.
planner::v1::MakePlanResponse EncodeFigures(const Plan& plan);
absl::StatusOr<Plan> DecodeFigures(const planner::v1::MakePlanResponse& message, int64_t length);

planner::v1::MakePlanResponse EncodePlan(const Plan& plan);
// INVALID_ARGUMENT when the schedule is not well formed or too large.
absl::StatusOr<Plan> DecodePlan(const planner::v1::MakePlanResponse& message);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CODEC_PLAN_CODEC_H_
