// SPDX-License-Identifier: Apache-2.0
//
// The calls of `recurve schedule` to a planner service.
#ifndef RECURVE_CLIENT_CLI_SCHEDULE_SERVICE_H_
#define RECURVE_CLIENT_CLI_SCHEDULE_SERVICE_H_

#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/service_option.h"
#include "planner_service/planning/plan.h"
#include "planner_service/schedule/action.h"
#include "planner_service/verification/schedule_verifier.h"

namespace recurve {

// Receives a plan without its schedule, then the schedule's actions in order, until one of the two returns false.
struct ScheduleConsumer {
  std::function<bool(const Plan& plan)> on_plan;
  std::function<bool(const Action& action)> on_action;
};

// The next action; nullopt at the end.
using ActionSource = std::function<absl::StatusOr<std::optional<Action>>()>;

absl::Status StreamFromService(const ServiceOption& service, const PlanRequest& request,
                               const ScheduleConsumer& consumer);
absl::StatusOr<Verdict> VerifyByService(const ServiceOption& service, const VerificationTask& task,
                                        const ActionSource& next_action);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_SCHEDULE_SERVICE_H_
