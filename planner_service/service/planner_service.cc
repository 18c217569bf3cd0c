// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/planner_service.h"

#include "absl/strings/str_cat.h"
#include "planner_service/codec/plan_codec.h"
#include "planner_service/codec/schedule_codec.h"
#include "planner_service/service/call_patience.h"
#include "planner_service/serving/grpc_status.h"

namespace recurve {
namespace {

// gRPC's own key for "try again after so many milliseconds".
constexpr char kRetryDelayKey[] = "grpc-retry-pushback-ms";
constexpr char kRetryDelayMs[] = "200";

}  // namespace

grpc::Status PlannerService::MakePlan(grpc::ServerContext* context, const planner::v1::MakePlanRequest* request,
                                      planner::v1::MakePlanResponse* response) {
  const auto start = std::chrono::steady_clock::now();
  const absl::Status status = Answer(*context, *request, *response);
  if (absl::IsResourceExhausted(status)) context->AddTrailingMetadata(kRetryDelayKey, kRetryDelayMs);
  metrics_.RecordRequest("MakePlan", status.code(), std::chrono::steady_clock::now() - start);
  return ToGrpcStatus(status);
}

absl::Status PlannerService::Answer(const grpc::ServerContext& context, const planner::v1::MakePlanRequest& request,
                                    planner::v1::MakePlanResponse& response) {
  const CallPatience patience(context, deadline_);
  const absl::StatusOr<PlanRequest> decoded = DecodeRequest(request);
  if (!decoded.ok()) return decoded.status();
  const absl::StatusOr<Plan> plan = planner_.MakePlan(*decoded, [&patience] { return patience.Ended(); });
  if (absl::IsCancelled(plan.status())) return patience.Reason();
  if (!plan.ok()) return plan.status();
  if (plan->schedule.runs.size() > kMaxScheduleRuns) {
    return absl::ResourceExhaustedError(absl::StrCat("the schedule has ", plan->schedule.runs.size(),
                                                     " runs, a message holds ", kMaxScheduleRuns,
                                                     "; give more memory or a shorter chain"));
  }
  response = EncodePlan(*plan);
  return absl::OkStatus();
}

}  // namespace recurve
