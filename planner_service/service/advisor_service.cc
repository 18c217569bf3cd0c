// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/advisor_service.h"

#include <algorithm>
#include <cstdint>

#include "planner_service/codec/advice_codec.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

// Memory of an advice and of a corner, each in this process and in a message.
constexpr int64_t kAdviceBytes = 2'500;
constexpr int64_t kCornerBytes = 200;

// The memory of the longest answer to a request, in this process and as a message.
template <typename Request>
int64_t AnswerBytes(const Request&) {
  return kAdviceBytes;
}
int64_t AnswerBytes(const planner::v1::MakeCurvesRequest& request) {
  return kCornerBytes * std::min<int64_t>(request.strategies_size(), kMaxCurves) *
         std::clamp<int64_t>(request.max_points(), 0, kMaxCurvePoints);
}
int64_t AnswerBytes(const planner::v1::PlanLengthsRequest& request) {
  return kAdviceBytes * std::min<int64_t>(request.lengths_size(), kMaxLengths);
}
int64_t AnswerBytes(const planner::v1::SplitBudgetRequest& request) {
  return kAdviceBytes * std::min<int64_t>(request.workloads_size(), kMaxWorkloads);
}

}  // namespace

template <typename Request, typename Response, typename Ask>
grpc::Status AdvisorService::Answer(grpc::ServerContext& context, const char* method, const Request& request,
                                    Response& response, Ask ask) {
  const int64_t bytes = RequestBytes(request) + AnswerBytes(request);
  return AnswerCall(context, method, rules_, bytes, [&](const CancelCheck& cancelled) {
    ASSIGN_OR_RETURN(const auto question, DecodeQuestion(request));
    const auto answer =
        gate_.Run(PriceOf(question), cancelled, [&](const CancelCheck& stop) { return ask(question, stop); });
    if (answer.ok()) EncodeAnswer(*answer, response);
    return answer.status();
  });
}

grpc::Status AdvisorService::Advise(grpc::ServerContext* context, const planner::v1::AdviseRequest* request,
                                    planner::v1::AdviseResponse* response) {
  return Answer(*context, "Advise", *request, *response, [this](const AdviseQuestion& q, const CancelCheck& stop) {
    return advisor_.Advise(q.workload, q.strategy, q.budget_bytes, stop);
  });
}

grpc::Status AdvisorService::FindBudget(grpc::ServerContext* context, const planner::v1::FindBudgetRequest* request,
                                        planner::v1::FindBudgetResponse* response) {
  return Answer(*context, "FindBudget", *request, *response, [this](const BudgetQuestion& q, const CancelCheck& stop) {
    return advisor_.FindBudget(q.workload, q.strategy, q.max_slowdown, stop);
  });
}

grpc::Status AdvisorService::MakeCurves(grpc::ServerContext* context, const planner::v1::MakeCurvesRequest* request,
                                        planner::v1::MakeCurvesResponse* response) {
  return Answer(*context, "MakeCurves", *request, *response, [this](const CurvesQuestion& q, const CancelCheck& stop) {
    return advisor_.MakeCurves(q.workload, q.strategies, q.max_points, stop);
  });
}

grpc::Status AdvisorService::FindLargest(grpc::ServerContext* context, const planner::v1::FindLargestRequest* request,
                                         planner::v1::FindLargestResponse* response) {
  return Answer(
      *context, "FindLargest", *request, *response, [this](const LargestQuestion& q, const CancelCheck& stop) {
        return advisor_.FindLargest(q.workload, q.dimension, q.strategy, q.budget_bytes, q.max_slowdown, stop);
      });
}

grpc::Status AdvisorService::PlanLengths(grpc::ServerContext* context, const planner::v1::PlanLengthsRequest* request,
                                         planner::v1::PlanLengthsResponse* response) {
  return Answer(*context, "PlanLengths", *request, *response,
                [this](const LengthsQuestion& q, const CancelCheck& stop) {
                  return advisor_.PlanLengths(q.workload, q.lengths, q.strategy, q.budget_bytes, stop);
                });
}

grpc::Status AdvisorService::SplitBudget(grpc::ServerContext* context, const planner::v1::SplitBudgetRequest* request,
                                         planner::v1::SplitBudgetResponse* response) {
  return Answer(*context, "SplitBudget", *request, *response, [this](const SplitQuestion& q, const CancelCheck& stop) {
    return advisor_.SplitBudget(q.workloads, q.strategy, q.total_bytes, q.goal, stop);
  });
}

}  // namespace recurve
