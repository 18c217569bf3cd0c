// SPDX-License-Identifier: Apache-2.0
#include "client/remote_planner.h"

#include <grpcpp/client_context.h>

#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/channel.h"
#include "planner_service/codec/plan_codec.h"
#include "planner_service/serving/grpc_status.h"
#include "recurve/planner/v1/planner.grpc.pb.h"

namespace recurve {
namespace {

// How often a caller that waits is asked whether it still wants the answer.
constexpr std::chrono::milliseconds kPollInterval{5};

class RemotePlanner final : public Planner {
 public:
  explicit RemotePlanner(const RemotePlannerOptions& options)
      : options_(options), stub_(planner::v1::PlannerService::NewStub(MakeChannel(options.target))) {}

  absl::StatusOr<Plan> MakePlan(const PlanRequest& request, const CancelCheck& cancelled) override {
    planner::v1::MakePlanResponse response;
    absl::Status status = FromGrpcStatus(Call(EncodeRequest(request), cancelled, response));
    if (!status.ok()) {
      // Cancelled, but not by the caller: the server went away.
      const bool gone = status.code() == absl::StatusCode::kCancelled && !(cancelled && cancelled());
      return absl::Status(gone ? absl::StatusCode::kUnavailable : status.code(),
                          absl::StrCat("planner at ", options_.target, ": ", status.message()));
    }
    absl::StatusOr<Plan> plan = DecodePlan(response);
    if (!plan.ok()) return UnusableAnswer(plan.status().message());
    if (plan->strategy != request.strategy) return UnusableAnswer("the plan is of another strategy");
    if (plan->feasible && plan->schedule.length() != request.length) {
      return UnusableAnswer(
          absl::StrCat("the schedule has ", plan->schedule.length(), " links, asked were ", request.length));
    }
    return plan;
  }

 private:
  // Returns when the call has ended; asks `cancelled` meanwhile.
  grpc::Status Call(const planner::v1::MakePlanRequest& request, const CancelCheck& cancelled,
                    planner::v1::MakePlanResponse& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + options_.timeout);
    if (!cancelled) return stub_->MakePlan(&context, request, &response);

    const auto answer = std::make_shared<std::promise<grpc::Status>>();
    std::future<grpc::Status> status = answer->get_future();
    stub_->async()->MakePlan(&context, &request, &response,
                             [answer](grpc::Status ended) { answer->set_value(std::move(ended)); });
    while (status.wait_for(kPollInterval) != std::future_status::ready) {
      if (!cancelled()) continue;
      context.TryCancel();
      status.wait();
    }
    return status.get();
  }

  absl::Status UnusableAnswer(absl::string_view why) const {
    return absl::InternalError(absl::StrCat("planner at ", options_.target, " gave an unusable answer: ", why));
  }

  const RemotePlannerOptions options_;
  const std::unique_ptr<planner::v1::PlannerService::Stub> stub_;
};

}  // namespace

std::unique_ptr<Planner> MakeRemotePlanner(const RemotePlannerOptions& options) {
  return std::make_unique<RemotePlanner>(options);
}

}  // namespace recurve
