// SPDX-License-Identifier: Apache-2.0
#include "planner_service/service/chain_service.h"

#include "planner_service/codec/chain_codec.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

template <typename Request, typename Response, typename Solve>
grpc::Status ChainService::Answer(grpc::ServerContext& context, const char* method, const Request& request,
                                  Response& response, Solve solve) {
  return AnswerCall(context, method, rules_, RequestBytes(request), [&](const CancelCheck& cancelled) {
    ASSIGN_OR_RETURN(const auto decoded, DecodeRequest(request));
    const auto plan =
        gate_.Run(PriceOf(decoded), cancelled, [&](const CancelCheck& stop) { return solve(decoded, stop); });
    if (plan.ok()) response = EncodePlan(*plan);
    return plan.status();
  });
}

grpc::Status ChainService::PlanChain(grpc::ServerContext* context, const planner::v1::PlanChainRequest* request,
                                     planner::v1::PlanChainResponse* response) {
  return Answer(*context, "PlanChain", *request, *response,
                [this](const ChainRequest& chain, const CancelCheck& stop) { return planner_.PlanChain(chain, stop); });
}

grpc::Status ChainService::PlanTwoLevel(grpc::ServerContext* context, const planner::v1::PlanTwoLevelRequest* request,
                                        planner::v1::PlanTwoLevelResponse* response) {
  return Answer(
      *context, "PlanTwoLevel", *request, *response,
      [this](const TwoLevelRequest& chain, const CancelCheck& stop) { return planner_.PlanTwoLevel(chain, stop); });
}

}  // namespace recurve
