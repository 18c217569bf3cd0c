// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_ADVISOR_SERVICE_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_ADVISOR_SERVICE_H_

#include "planner_service/capacity/advisor.h"
#include "planner_service/service/answer_call.h"
#include "planner_service/service/solve_gate.h"
#include "recurve/planner/v1/advisor.grpc.pb.h"

namespace recurve {

// recurve.planner.v1.AdvisorService over an Advisor: decodes, calls it when the gate admits the request, encodes,
// records. The advisor, the gate and the metrics must outlive it. Thread-safe.
class AdvisorService final : public planner::v1::AdvisorService::Service {
 public:
  AdvisorService(Advisor& advisor, SolveGate& gate, const CallRules& rules)
      : advisor_(advisor), gate_(gate), rules_(rules) {}

  grpc::Status Advise(grpc::ServerContext* context, const planner::v1::AdviseRequest* request,
                      planner::v1::AdviseResponse* response) override;
  grpc::Status FindBudget(grpc::ServerContext* context, const planner::v1::FindBudgetRequest* request,
                          planner::v1::FindBudgetResponse* response) override;
  grpc::Status MakeCurves(grpc::ServerContext* context, const planner::v1::MakeCurvesRequest* request,
                          planner::v1::MakeCurvesResponse* response) override;
  grpc::Status FindLargest(grpc::ServerContext* context, const planner::v1::FindLargestRequest* request,
                           planner::v1::FindLargestResponse* response) override;
  grpc::Status PlanLengths(grpc::ServerContext* context, const planner::v1::PlanLengthsRequest* request,
                           planner::v1::PlanLengthsResponse* response) override;
  grpc::Status SplitBudget(grpc::ServerContext* context, const planner::v1::SplitBudgetRequest* request,
                           planner::v1::SplitBudgetResponse* response) override;

 private:
  // Answers with `ask(question, stop)`.
  template <typename Request, typename Response, typename Ask>
  grpc::Status Answer(grpc::ServerContext& context, const char* method, const Request& request, Response& response,
                      Ask ask);

  Advisor& advisor_;
  SolveGate& gate_;
  const CallRules rules_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_ADVISOR_SERVICE_H_
