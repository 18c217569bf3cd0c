// SPDX-License-Identifier: Apache-2.0
#include "client/remote_planner.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/channel.h"
#include "client/planner_call.h"
#include "planner_service/codec/plan_codec.h"
#include "recurve/planner/v1/planner.grpc.pb.h"

namespace recurve {
namespace {

class RemotePlanner final : public Planner {
 public:
  explicit RemotePlanner(const PlannerCallOptions& options)
      : options_(options), stub_(planner::v1::PlannerService::NewStub(MakeChannel(options.target))) {}

  absl::StatusOr<Plan> MakePlan(const PlanRequest& request, const CancelCheck& cancelled) override {
    const planner::v1::MakePlanRequest message = EncodeRequest(request);
    planner::v1::MakePlanResponse response;
    const absl::Status status =
        CallPlanner(options_, cancelled, [&](grpc::ClientContext& context, std::function<void(grpc::Status)> ended) {
          stub_->async()->MakePlan(&context, &message, &response, std::move(ended));
        });
    if (!status.ok()) return status;
    absl::StatusOr<Plan> plan = DecodePlan(response);
    if (!plan.ok()) return UnusableAnswer(options_, plan.status().message());
    if (plan->strategy != request.strategy) return UnusableAnswer(options_, "the plan is of another strategy");
    if (plan->feasible && plan->schedule.length() != request.length) {
      return UnusableAnswer(
          options_, absl::StrCat("the schedule has ", plan->schedule.length(), " links, asked were ", request.length));
    }
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
