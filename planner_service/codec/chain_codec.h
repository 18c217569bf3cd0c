// SPDX-License-Identifier: Apache-2.0
//
// Conversion of plans of non-uniform chains, and of plans with two stores, to and from messages. Decoding validates its
// result. INVALID_ARGUMENT names the proto field.
#ifndef RECURVE_PLANNER_SERVICE_CODEC_CHAIN_CODEC_H_
#define RECURVE_PLANNER_SERVICE_CODEC_CHAIN_CODEC_H_

#include "absl/status/statusor.h"
#include "planner_service/planning/chain.h"
#include "recurve/planner/v1/chain.pb.h"

namespace recurve {

planner::v1::PlanChainRequest EncodeRequest(const ChainRequest& request);
absl::StatusOr<ChainRequest> DecodeRequest(const planner::v1::PlanChainRequest& message);
planner::v1::PlanChainResponse EncodePlan(const ChainPlan& plan);
absl::StatusOr<ChainPlan> DecodePlan(const planner::v1::PlanChainResponse& message);

planner::v1::PlanTwoLevelRequest EncodeRequest(const TwoLevelRequest& request);
absl::StatusOr<TwoLevelRequest> DecodeRequest(const planner::v1::PlanTwoLevelRequest& message);
planner::v1::PlanTwoLevelResponse EncodePlan(const TwoLevelPlan& plan);
absl::StatusOr<TwoLevelPlan> DecodePlan(const planner::v1::PlanTwoLevelResponse& message);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CODEC_CHAIN_CODEC_H_
