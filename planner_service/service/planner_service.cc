// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/planner_service.h"

#include "absl/strings/str_cat.h"
#include "planner_service/codec/plan_codec.h"
#include "planner_service/codec/schedule_codec.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

absl::Status Answer(Planner& planner, const CancelCheck& cancelled, const planner::v1::MakePlanRequest& request,
                    planner::v1::MakePlanResponse& response) {
  ASSIGN_OR_RETURN(const PlanRequest decoded, DecodeRequest(request));
  ASSIGN_OR_RETURN(const Plan plan, planner.MakePlan(decoded, cancelled));
  if (plan.schedule.runs.size() > kMaxScheduleRuns) {
    return absl::ResourceExhaustedError(absl::StrCat("the schedule has ", plan.schedule.runs.size(),
                                                     " runs, more than the ", kMaxScheduleRuns,
                                                     " allowed in a message; use more memory or a shorter chain"));
  }
  response = EncodePlan(plan);
  return absl::OkStatus();
}

}  // namespace

grpc::Status PlannerService::MakePlan(grpc::ServerContext* context, const planner::v1::MakePlanRequest* request,
                                      planner::v1::MakePlanResponse* response) {
  return AnswerCall(*context, "MakePlan", rules_, RequestBytes(*request),
                    [&](const CancelCheck& cancelled) { return Answer(planner_, cancelled, *request, *response); });
}

}  // namespace recurve
