// SPDX-License-Identifier: Apache-2.0
#include "planner_service/client/remote_chain_planner.h"

#include <utility>

#include "planner_service/client/channel.h"
#include "planner_service/client/planner_call.h"
#include "planner_service/codec/chain_codec.h"
#include "planner_service/planning/plan_check.h"
#include "recurve/planner/v1/chain.grpc.pb.h"

namespace recurve {
namespace {

using AsyncStub = planner::v1::ChainService::StubInterface::async_interface;

class RemoteChainPlanner final : public ChainPlanner {
 public:
  explicit RemoteChainPlanner(const PlannerCallOptions& options)
      : options_(options), stub_(planner::v1::ChainService::NewStub(MakeChannel(options.target, options.tls))) {}

  absl::StatusOr<ChainPlan> PlanChain(const ChainRequest& request, const CancelCheck& cancelled) override {
    return Ask(&AsyncStub::PlanChain, request, cancelled);
  }

  absl::StatusOr<TwoLevelPlan> PlanTwoLevel(const TwoLevelRequest& request, const CancelCheck& cancelled) override {
    return Ask(&AsyncStub::PlanTwoLevel, request, cancelled);
  }

 private:
  // Calls a method of the stub, decodes the answer, and checks it.
  template <typename Request, typename Message, typename Response>
  auto Ask(void (AsyncStub::*method)(grpc::ClientContext*, const Message*, Response*,
                                     std::function<void(grpc::Status)>),
           const Request& request, const CancelCheck& cancelled) -> decltype(DecodePlan(std::declval<Response>())) {
    const Message message = EncodeRequest(request);
    Response response;
    const absl::Status status =
        CallPlanner(options_, cancelled, [&](grpc::ClientContext& context, std::function<void(grpc::Status)> ended) {
          (stub_->async()->*method)(&context, &message, &response, std::move(ended));
        });
    if (!status.ok()) return status;
    auto plan = DecodePlan(response);
    const absl::Status usable = plan.ok() ? CheckPlan(request, *plan, cancelled) : plan.status();
    if (absl::IsCancelled(usable)) return usable;
    if (!usable.ok()) return UnusableAnswer(options_, usable.message());
    return plan;
  }

  const PlannerCallOptions options_;
  const std::unique_ptr<planner::v1::ChainService::Stub> stub_;
};

}  // namespace

std::unique_ptr<ChainPlanner> MakeRemoteChainPlanner(const PlannerCallOptions& options) {
  return std::make_unique<RemoteChainPlanner>(options);
}

}  // namespace recurve
