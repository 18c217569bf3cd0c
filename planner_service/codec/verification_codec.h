// SPDX-License-Identifier: Apache-2.0
//
// Conversion of verification tasks and verdicts to and from messages.
#ifndef RECURVE_PLANNER_SERVICE_CODEC_VERIFICATION_CODEC_H_
#define RECURVE_PLANNER_SERVICE_CODEC_VERIFICATION_CODEC_H_

#include "absl/status/statusor.h"
#include "planner_service/verification/schedule_verifier.h"
#include "recurve/planner/v1/schedule_service.pb.h"

namespace recurve {

planner::v1::VerificationTask EncodeTask(const VerificationTask& task);
// INVALID_ARGUMENT names the proto field.
absl::StatusOr<VerificationTask> DecodeTask(const planner::v1::VerificationTask& message);

planner::v1::VerifyScheduleResponse EncodeVerdict(const Verdict& verdict);
absl::StatusOr<Verdict> DecodeVerdict(const planner::v1::VerifyScheduleResponse& message);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CODEC_VERIFICATION_CODEC_H_
