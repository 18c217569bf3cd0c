// SPDX-License-Identifier: Apache-2.0
#include "planner_service/client/remote_advisor.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/client/channel.h"
#include "planner_service/client/planner_call.h"
#include "planner_service/codec/advice_codec.h"
#include "planner_service/status/status_macros.h"
#include "recurve/planner/v1/advisor.grpc.pb.h"

namespace recurve {
namespace {

using AsyncStub = planner::v1::AdvisorService::StubInterface::async_interface;

// A method of the stub that calls its last argument when the call has ended.
template <typename Request, typename Response>
using Method = void (AsyncStub::*)(grpc::ClientContext*, const Request*, Response*, std::function<void(grpc::Status)>);

class RemoteAdvisor final : public Advisor {
 public:
  explicit RemoteAdvisor(const PlannerCallOptions& options)
      : options_(options), stub_(planner::v1::AdvisorService::NewStub(MakeChannel(options.target, options.tls))) {}

  absl::StatusOr<Advice> Advise(const Workload& workload, Strategy strategy, int64_t budget_bytes,
                                const CancelCheck& cancelled) override {
    return OneOf(strategy, Ask(&AsyncStub::Advise, AdviseQuestion{workload, strategy, budget_bytes}, cancelled));
  }

  absl::StatusOr<Advice> FindBudget(const Workload& workload, Strategy strategy, double max_slowdown,
                                    const CancelCheck& cancelled) override {
    return OneOf(strategy, Ask(&AsyncStub::FindBudget, BudgetQuestion{workload, strategy, max_slowdown}, cancelled));
  }

  absl::StatusOr<std::vector<Curve>> MakeCurves(const Workload& workload, const std::vector<Strategy>& strategies,
                                                int64_t max_points, const CancelCheck& cancelled) override {
    return OneForEach(strategies,
                      Ask(&AsyncStub::MakeCurves, CurvesQuestion{workload, strategies, max_points}, cancelled));
  }

  absl::StatusOr<Largest> FindLargest(const Workload& workload, Dimension dimension, Strategy strategy,
                                      int64_t budget_bytes, double max_slowdown,
                                      const CancelCheck& cancelled) override {
    absl::StatusOr<Largest> largest = Ask(
        &AsyncStub::FindLargest, LargestQuestion{workload, dimension, strategy, budget_bytes, max_slowdown}, cancelled);
    if (largest.ok() && largest->advice.strategy != strategy) return OtherStrategy();
    return largest;
  }

  absl::StatusOr<std::vector<Advice>> PlanLengths(const Workload& workload, const std::vector<int64_t>& lengths,
                                                  Strategy strategy, int64_t budget_bytes,
                                                  const CancelCheck& cancelled) override {
    return OneForEach(
        std::vector<Strategy>(lengths.size(), strategy),
        Ask(&AsyncStub::PlanLengths, LengthsQuestion{workload, lengths, strategy, budget_bytes}, cancelled));
  }

  absl::StatusOr<Split> SplitBudget(const std::vector<Workload>& workloads, Strategy strategy, int64_t total_bytes,
                                    SplitGoal goal, const CancelCheck& cancelled) override {
    absl::StatusOr<Split> split =
        Ask(&AsyncStub::SplitBudget, SplitQuestion{workloads, strategy, total_bytes, goal}, cancelled);
    if (!split.ok()) return split;
    RETURN_IF_ERROR(CheckEach(std::vector<Strategy>(workloads.size(), strategy), split->shares));
    return split;
  }

 private:
  // Encodes, calls, decodes.
  template <typename Request, typename Response, typename Question>
  auto Ask(Method<Request, Response> method, const Question& question, const CancelCheck& cancelled)
      -> decltype(DecodeAnswer(std::declval<Response>())) {
    const Request request = EncodeQuestion(question);
    Response response;
    const absl::Status status =
        CallPlanner(options_, cancelled, [&](grpc::ClientContext& context, std::function<void(grpc::Status)> ended) {
          (stub_->async()->*method)(&context, &request, &response, std::move(ended));
        });
    if (!status.ok()) return status;
    auto answer = DecodeAnswer(response);
    if (!answer.ok()) return UnusableAnswer(options_, answer.status().message());
    return answer;
  }

  absl::StatusOr<Advice> OneOf(Strategy strategy, absl::StatusOr<Advice> advice) const {
    if (advice.ok() && advice->strategy != strategy) return OtherStrategy();
    return advice;
  }

  // Checks that an answer has one entry for each of `strategies`.
  template <typename Entry>
  absl::Status CheckEach(const std::vector<Strategy>& strategies, const std::vector<Entry>& answer) const {
    if (answer.size() != strategies.size()) {
      return UnusableAnswer(options_,
                            absl::StrCat("it has ", answer.size(), " entries; requested were ", strategies.size()));
    }
    for (size_t i = 0; i < strategies.size(); ++i) {
      if (answer[i].strategy != strategies[i]) return OtherStrategy();
    }
    return absl::OkStatus();
  }

  template <typename Entry>
  absl::StatusOr<std::vector<Entry>> OneForEach(const std::vector<Strategy>& strategies,
                                                absl::StatusOr<std::vector<Entry>> answer) const {
    if (!answer.ok()) return answer;
    RETURN_IF_ERROR(CheckEach(strategies, *answer));
    return answer;
  }

  absl::Status OtherStrategy() const { return UnusableAnswer(options_, "it is of another strategy"); }

  const PlannerCallOptions options_;
  const std::unique_ptr<planner::v1::AdvisorService::Stub> stub_;
};

}  // namespace

std::unique_ptr<Advisor> MakeRemoteAdvisor(const PlannerCallOptions& options) {
  return std::make_unique<RemoteAdvisor>(options);
}

}  // namespace recurve
