// SPDX-License-Identifier: Apache-2.0
//
// Checks any schedule, whatever its source: order, liveness, memory and cost.
#ifndef RECURVE_PLANNER_SERVICE_VERIFICATION_SCHEDULE_VERIFIER_H_
#define RECURVE_PLANNER_SERVICE_VERIFICATION_SCHEDULE_VERIFIER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "planner_service/fields/field.h"
#include "planner_service/schedule/action.h"
#include "planner_service/schedule/replay.h"
#include "planner_service/verification/any_order_machine.h"

namespace recurve {

// What a schedule is checked against.
struct VerificationTask {
  int64_t length = 1;                            // links of the chain
  int64_t state_bytes = 1;                       // of one state
  int64_t tape_bytes = 0;                        // of one link's tape
  Level start = Level::kDevice;                  // where state 0 is kept
  std::optional<int64_t> budget_bytes;           // most that the store may hold
  std::optional<int64_t> claimed_peak_bytes;     // what somebody says that it holds at most
  std::optional<int64_t> claimed_forward_count;  // what somebody says that it takes

  friend bool operator==(const VerificationTask&, const VerificationTask&) = default;
};

void VisitFields(VerificationTask& task, FieldVisitor& visitor);

struct ScheduleViolation {
  int64_t action_index = 0;  // counted from 0; the number of actions if the schedule ends too early
  std::string action;        // from ToString; "the end" if the schedule ends too early
  std::string reason;
  friend bool operator==(const ScheduleViolation&, const ScheduleViolation&) = default;
};
void VisitFields(ScheduleViolation& violation, FieldVisitor& visitor);

struct Verdict {
  std::optional<ScheduleViolation> violation;  // the first one; counting stops there
  std::vector<std::string> failed_claims;      // claims that the schedule exceeds; empty if there is a violation
  int64_t action_count = 0;                    // actions executed
  int64_t forward_count = 0;
  int64_t peak_bytes = 0;
  int64_t host_peak_bytes = 0;

  bool valid() const { return !violation && failed_claims.empty(); }
  friend bool operator==(const Verdict&, const Verdict&) = default;
};
void VisitFields(Verdict& verdict, FieldVisitor& visitor);

// Checks a schedule that arrives action by action. Memory and time are those of AnyOrderMachine. Not thread-safe.
//
//   ScheduleVerifier verifier(task);
//   while (more && verifier.Wants()) RETURN_IF_ERROR(verifier.Add(action));
//   Verdict verdict = verifier.Finish();
class ScheduleVerifier {
 public:
  // The task has passed CheckFields.
  explicit ScheduleVerifier(const VerificationTask& task);

  // False once there is a violation: later actions are ignored.
  bool Wants() const { return !verdict_.violation; }

  // RESOURCE_EXHAUSTED when the schedule stores too many objects at once to be checked.
  absl::Status Add(const Action& action);

  // Must be called once, after the last action.
  Verdict Finish();

 private:
  const VerificationTask task_;
  AnyOrderMachine machine_;
  Verdict verdict_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_VERIFICATION_SCHEDULE_VERIFIER_H_
