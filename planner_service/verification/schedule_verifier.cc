// SPDX-License-Identifier: Apache-2.0
#include "planner_service/verification/schedule_verifier.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/planning/check_range.h"
#include "planner_service/planning/plan.h"

namespace recurve {

absl::Status CheckTask(const VerificationTask& task) {
  constexpr int64_t kAny = std::numeric_limits<int64_t>::max();
  for (const absl::Status& status :
       {CheckRange("length", task.length, 1, kMaxChainLength),
        CheckRange("state_bytes", task.state_bytes, 1, kMaxBytes),
        CheckRange("tape_bytes", task.tape_bytes, 0, kMaxBytes),
        CheckRange("budget_bytes", task.budget_bytes.value_or(0), 0, kMaxBytes),
        CheckRange("claimed_peak_bytes", task.claimed_peak_bytes.value_or(0), 0, kAny),
        CheckRange("claimed_forward_count", task.claimed_forward_count.value_or(0), 0, kAny)}) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

ScheduleVerifier::ScheduleVerifier(const VerificationTask& task)
    : task_(task),
      machine_(task.length, {.state_bytes = task.state_bytes, .tape_bytes = task.tape_bytes, .start = task.start}) {}

absl::Status ScheduleVerifier::Add(const Action& action) {
  if (!Wants()) return absl::OkStatus();
  absl::Status status = machine_.Apply(action);
  if (absl::IsResourceExhausted(status)) return status;
  const int64_t peak = machine_.counts().peak_bytes;
  if (status.ok() && task_.budget_bytes && peak > *task_.budget_bytes) {
    status =
        absl::FailedPreconditionError(absl::StrCat(peak, " bytes are stored; the budget is ", *task_.budget_bytes));
  }
  if (status.ok()) {
    ++verdict_.action_count;
  } else {
    verdict_.violation = {verdict_.action_count, ToString(action), std::string(status.message())};
  }
  return absl::OkStatus();
}

Verdict ScheduleVerifier::Finish() {
  const ReplayResult& counts = machine_.counts();
  verdict_.forward_count = counts.forward_count;
  verdict_.peak_bytes = counts.peak_bytes;
  verdict_.host_peak_bytes = counts.host_peak_bytes;
  if (Wants()) {
    if (absl::Status status = machine_.CheckEnded(); !status.ok()) {
      verdict_.violation = {verdict_.action_count, "the end", std::string(status.message())};
    }
  }
  if (!Wants()) return std::move(verdict_);
  if (task_.claimed_peak_bytes && counts.peak_bytes > *task_.claimed_peak_bytes) {
    verdict_.failed_claims.push_back(
        absl::StrCat("claimed_peak_bytes is ", *task_.claimed_peak_bytes, "; the peak is ", counts.peak_bytes));
  }
  if (task_.claimed_forward_count && counts.forward_count > *task_.claimed_forward_count) {
    verdict_.failed_claims.push_back(absl::StrCat("claimed_forward_count is ", *task_.claimed_forward_count,
                                                  "; the schedule has ", counts.forward_count));
  }
  return std::move(verdict_);
}

}  // namespace recurve
