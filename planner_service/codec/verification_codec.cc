// SPDX-License-Identifier: Apache-2.0
#include "planner_service/codec/verification_codec.h"

#include "absl/strings/str_cat.h"
#include "planner_service/codec/action_codec.h"

namespace recurve {

planner::v1::VerificationTask EncodeTask(const VerificationTask& task) {
  planner::v1::VerificationTask message;
  message.set_length(task.length);
  message.set_state_bytes(task.state_bytes);
  message.set_tape_bytes(task.tape_bytes);
  if (task.budget_bytes) message.set_budget_bytes(*task.budget_bytes);
  if (task.claimed_peak_bytes) message.set_claimed_peak_bytes(*task.claimed_peak_bytes);
  if (task.claimed_forward_count) message.set_claimed_forward_count(*task.claimed_forward_count);
  message.set_start(EncodeLevel(task.start));
  return message;
}

absl::StatusOr<VerificationTask> DecodeTask(const planner::v1::VerificationTask& message) {
  VerificationTask task{
      .length = message.length(), .state_bytes = message.state_bytes(), .tape_bytes = message.tape_bytes()};
  if (message.has_budget_bytes()) task.budget_bytes = message.budget_bytes();
  if (message.has_claimed_peak_bytes()) task.claimed_peak_bytes = message.claimed_peak_bytes();
  if (message.has_claimed_forward_count()) task.claimed_forward_count = message.claimed_forward_count();
  if (message.start() < 0 || message.start() > schedule::v1::STATE_STORE_HOST) {
    return absl::InvalidArgumentError(
        absl::StrCat("task.start is ", message.start(), "; must be 0 to 2, a StateStore or unspecified"));
  }
  if (message.start() == schedule::v1::STATE_STORE_HOST) task.start = Level::kHost;
  if (absl::Status status = CheckTask(task); !status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("task.", status.message()));
  }
  return task;
}

planner::v1::VerifyScheduleResponse EncodeVerdict(const Verdict& verdict) {
  planner::v1::VerifyScheduleResponse message;
  message.set_valid(verdict.valid());
  if (verdict.violation) {
    message.mutable_violation()->set_action_index(verdict.violation->action_index);
    message.mutable_violation()->set_action(verdict.violation->action);
    message.mutable_violation()->set_reason(verdict.violation->reason);
  }
  message.mutable_failed_claims()->Assign(verdict.failed_claims.begin(), verdict.failed_claims.end());
  message.set_action_count(verdict.action_count);
  message.set_forward_count(verdict.forward_count);
  message.set_peak_bytes(verdict.peak_bytes);
  message.set_host_peak_bytes(verdict.host_peak_bytes);
  return message;
}

Verdict DecodeVerdict(const planner::v1::VerifyScheduleResponse& message) {
  Verdict verdict{.failed_claims = {message.failed_claims().begin(), message.failed_claims().end()},
                  .action_count = message.action_count(),
                  .forward_count = message.forward_count(),
                  .peak_bytes = message.peak_bytes(),
                  .host_peak_bytes = message.host_peak_bytes()};
  if (message.has_violation()) {
    verdict.violation = {message.violation().action_index(), message.violation().action(),
                         message.violation().reason()};
  }
  return verdict;
}

}  // namespace recurve
