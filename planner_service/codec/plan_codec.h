// SPDX-License-Identifier: Apache-2.0
//
// Conversion of plans to and from messages. Decoding validates its result.
#ifndef RECURVE_PLANNER_SERVICE_CODEC_PLAN_CODEC_H_
#define RECURVE_PLANNER_SERVICE_CODEC_PLAN_CODEC_H_

#include "absl/status/statusor.h"
#include "planner_service/planning/plan.h"
#include "recurve/planner/v1/planner.pb.h"

namespace recurve {

planner::v1::MakePlanRequest EncodeRequest(const PlanRequest& request);
// INVALID_ARGUMENT names the proto field.
absl::StatusOr<PlanRequest> DecodeRequest(const planner::v1::MakePlanRequest& message);

// Everything but the schedule, for a plan of `length` links whose actions are sent separately.
planner::v1::MakePlanResponse EncodeFigures(const Plan& plan);
absl::StatusOr<Plan> DecodeFigures(const planner::v1::MakePlanResponse& message, int64_t length);

planner::v1::MakePlanResponse EncodePlan(const Plan& plan);
// INVALID_ARGUMENT if the schedule is malformed or too large.
absl::StatusOr<Plan> DecodePlan(const planner::v1::MakePlanResponse& message);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CODEC_PLAN_CODEC_H_
