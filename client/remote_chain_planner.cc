// SPDX-License-Identifier: Apache-2.0
#include "client/remote_chain_planner.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/channel.h"
#include "client/planner_call.h"
#include "planner_service/codec/chain_codec.h"
#include "recurve/planner/v1/chain.grpc.pb.h"

namespace recurve {
namespace {

using AsyncStub = planner::v1::ChainService::StubInterface::async_interface;

class RemoteChainPlanner final : public ChainPlanner {
 public:
  explicit RemoteChainPlanner(const PlannerCallOptions& options)
      : options_(options), stub_(planner::v1::ChainService::NewStub(MakeChannel(options.target))) {}

  absl::StatusOr<ChainPlan> PlanChain(const ChainRequest& request, const CancelCheck& cancelled) override {
    int64_t length = 0;
    for (const ChainSegment& segment : request.segments) length += segment.links;
    return Ask(&AsyncStub::PlanChain, EncodeRequest(request), length, cancelled);
  }

  absl::StatusOr<TwoLevelPlan> PlanTwoLevel(const TwoLevelRequest& request, const CancelCheck& cancelled) override {
    return Ask(&AsyncStub::PlanTwoLevel, EncodeRequest(request), request.length, cancelled);
  }

 private:
  // Calls a method of the stub, decodes the answer, and checks that its schedule has `length` links.
  template <typename Request, typename Response>
  auto Ask(void (AsyncStub::*method)(grpc::ClientContext*, const Request*, Response*,
                                     std::function<void(grpc::Status)>),
           const Request& request, int64_t length, const CancelCheck& cancelled)
      -> decltype(DecodePlan(std::declval<Response>())) {
    Response response;
    const absl::Status status =
        CallPlanner(options_, cancelled, [&](grpc::ClientContext& context, std::function<void(grpc::Status)> ended) {
          (stub_->async()->*method)(&context, &request, &response, std::move(ended));
        });
    if (!status.ok()) return status;
    auto plan = DecodePlan(response);
    if (!plan.ok()) return UnusableAnswer(options_, plan.status().message());
    if (plan->schedule.length() != length) {
      return UnusableAnswer(options_,
                            absl::StrCat("the schedule has ", plan->schedule.length(), " links, asked were ", length));
    }
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
