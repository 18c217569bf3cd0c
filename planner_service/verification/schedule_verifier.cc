// SPDX-License-Identifier: Apache-2.0
#include "planner_service/verification/schedule_verifier.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/planning/chain.h"
#include "planner_service/planning/plan.h"

namespace recurve {

void VisitFields(VerificationTask& task, FieldVisitor& visitor) {
  visitor.Count({"length"}, {1, kMaxChainLength}, task.length);
  visitor.Count({"state_bytes"}, {1, kMaxBytes}, task.state_bytes);
  visitor.Count({"tape_bytes"}, {0, kMaxBytes}, task.tape_bytes);
  visitor.Count({"budget_bytes"}, {0, kMaxBytes}, task.budget_bytes);
  visitor.Count({"claimed_peak_bytes"}, kNotNegative, task.claimed_peak_bytes);
  visitor.Count({"claimed_forward_count"}, kNotNegative, task.claimed_forward_count);
  visitor.Enum({"start"}, kLevelNames, task.start);
}

void VisitFields(ScheduleViolation& violation, FieldVisitor& visitor) {
  visitor.Count({"action_index"}, {}, violation.action_index);
  visitor.Text({"action"}, violation.action);
  visitor.Text({"reason"}, violation.reason);
}

void VisitFields(Verdict& verdict, FieldVisitor& visitor) {
  visitor.Fields({"violation"}, verdict.violation);
  visitor.Texts({"failed_claims"}, verdict.failed_claims);
  visitor.Count({"action_count"}, {}, verdict.action_count);
  visitor.Count({"forward_count"}, {}, verdict.forward_count);
  visitor.Count({"peak_bytes"}, {}, verdict.peak_bytes);
  visitor.Count({"host_peak_bytes"}, {}, verdict.host_peak_bytes);
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
