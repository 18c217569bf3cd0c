// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_CHAIN_SERVICE_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_CHAIN_SERVICE_H_

#include "planner_service/planning/chain.h"
#include "planner_service/service/answer_call.h"
#include "planner_service/service/solve_gate.h"
#include "recurve/planner/v1/chain.grpc.pb.h"

namespace recurve {

// recurve.planner.v1.ChainService over a ChainPlanner: decodes, calls it when the gate admits the request, encodes,
// records. The planner, the gate and the metrics must outlive it. Thread-safe.
class ChainService final : public planner::v1::ChainService::Service {
 public:
  ChainService(ChainPlanner& planner, SolveGate& gate, const CallRules& rules)
      : planner_(planner), gate_(gate), rules_(rules) {}

  grpc::Status PlanChain(grpc::ServerContext* context, const planner::v1::PlanChainRequest* request,
                         planner::v1::PlanChainResponse* response) override;
  grpc::Status PlanTwoLevel(grpc::ServerContext* context, const planner::v1::PlanTwoLevelRequest* request,
                            planner::v1::PlanTwoLevelResponse* response) override;

 private:
  // Answers with `solve(request, stop)`.
  template <typename Request, typename Response, typename Solve>
  grpc::Status Answer(grpc::ServerContext& context, const char* method, const Request& request, Response& response,
                      Solve solve);

  ChainPlanner& planner_;
  SolveGate& gate_;
  const CallRules rules_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_CHAIN_SERVICE_H_
