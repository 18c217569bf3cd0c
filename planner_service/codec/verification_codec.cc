// SPDX-License-Identifier: Apache-2.0
#include "planner_service/codec/verification_codec.h"

#include "planner_service/codec/field_codec.h"

namespace recurve {

planner::v1::VerificationTask EncodeTask(const VerificationTask& task) {
  return EncodeAs<planner::v1::VerificationTask>(task);
}

absl::StatusOr<VerificationTask> DecodeTask(const planner::v1::VerificationTask& message) {
  return DecodeFields<VerificationTask>(message, "task.");
}

planner::v1::VerifyScheduleResponse EncodeVerdict(const Verdict& verdict) {
  planner::v1::VerifyScheduleResponse message;
  EncodeFields(verdict, message);
  message.set_valid(verdict.valid());
  return message;
}

absl::StatusOr<Verdict> DecodeVerdict(const planner::v1::VerifyScheduleResponse& message) {
  return DecodeFields<Verdict>(message);
}

}  // namespace recurve
