// SPDX-License-Identifier: Apache-2.0
#include "client/cli/schedule_service.h"

#include "planner_service/client/schedule_client.h"

namespace recurve {

absl::Status StreamFromService(const ServiceOption& service, const PlanRequest& request,
                               const ScheduleConsumer& consumer) {
  const auto on_figures = [&consumer](const auto& figures) { return consumer.on_plan(figures.plan); };
  return ScheduleClient({.target = service.target, .tls = service.tls})
      .StreamSchedule(request, 0, on_figures, consumer.on_action);
}

absl::StatusOr<Verdict> VerifyByService(const ServiceOption& service, const VerificationTask& task,
                                        const ActionSource& next_action) {
  return ScheduleClient({.target = service.target, .tls = service.tls}).VerifySchedule(task, next_action);
}

}  // namespace recurve
