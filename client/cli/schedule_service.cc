// SPDX-License-Identifier: Apache-2.0
#include "client/cli/schedule_service.h"

#include "planner_service/client/schedule_client.h"

namespace recurve {

absl::Status StreamFromService(const std::string& target, const PlanRequest& request,
                               const ScheduleConsumer& consumer) {
  const auto on_figures = [&consumer](const auto& figures) { return consumer.on_plan(figures.plan); };
  return ScheduleClient({.target = target}).StreamSchedule(request, 0, on_figures, consumer.on_action);
}

absl::StatusOr<Verdict> VerifyByService(const std::string& target, const VerificationTask& task,
                                        const ActionSource& next_action) {
  return ScheduleClient({.target = target}).VerifySchedule(task, next_action);
}

}  // namespace recurve
