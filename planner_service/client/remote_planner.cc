// SPDX-License-Identifier: Apache-2.0
#include "planner_service/client/remote_planner.h"

#include <utility>

#include "planner_service/client/channel.h"
#include "planner_service/client/planner_call.h"
#include "planner_service/codec/plan_codec.h"
#include "planner_service/planning/plan_check.h"
#include "recurve/planner/v1/planner.grpc.pb.h"

namespace recurve {
namespace {

class RemotePlanner final : public Planner {
 public:
  explicit RemotePlanner(const PlannerCallOptions& options)
      : options_(options), stub_(planner::v1::PlannerService::NewStub(MakeChannel(options.target, options.tls))) {}

  absl::StatusOr<Plan> MakePlan(const PlanRequest& request, const CancelCheck& cancelled) override {
    const planner::v1::MakePlanRequest message = EncodeRequest(request);
    planner::v1::MakePlanResponse response;
    const absl::Status status =
        CallPlanner(options_, cancelled, [&](grpc::ClientContext& context, std::function<void(grpc::Status)> ended) {
          stub_->async()->MakePlan(&context, &message, &response, std::move(ended));
        });
    if (!status.ok()) return status;
    absl::StatusOr<Plan> plan = DecodePlan(response);
    const absl::Status usable = plan.ok() ? CheckPlan(request, *plan) : plan.status();
    if (!usable.ok()) return UnusableAnswer(options_, usable.message());
    return plan;
  }

 private:
  const PlannerCallOptions options_;
  const std::unique_ptr<planner::v1::PlannerService::Stub> stub_;
};

}  // namespace

std::unique_ptr<Planner> MakeRemotePlanner(const PlannerCallOptions& options) {
  return std::make_unique<RemotePlanner>(options);
}

}  // namespace recurve
