// SPDX-License-Identifier: Apache-2.0
//
// What a schedule is checked against, and what came out, as messages.
#ifndef RECURVE_PLANNER_SERVICE_CODEC_VERIFICATION_CODEC_H_
#define RECURVE_PLANNER_SERVICE_CODEC_VERIFICATION_CODEC_H_

#include "absl/status/statusor.h"
#include "planner_service/verification/schedule_verifier.h"
#include "recurve/planner/v1/schedule_service.pb.h"

namespace recurve {

planner::v1::VerificationTask EncodeTask(const VerificationTask& task);
// INVALID_ARGUMENT naming the field as it is called in the proto.
absl::StatusOr<VerificationTask> DecodeTask(const planner::v1::VerificationTask& message);

planner::v1::VerifyScheduleResponse EncodeVerdict(const Verdict& verdict);
absl::StatusOr<Verdict> DecodeVerdict(const planner::v1::VerifyScheduleResponse& message);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CODEC_VERIFICATION_CODEC_H_
