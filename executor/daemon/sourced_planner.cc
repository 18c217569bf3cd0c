// SPDX-License-Identifier: Apache-2.0
#include "executor/daemon/sourced_planner.h"

#include "absl/strings/str_cat.h"
#include "client/fallback_planner.h"
#include "client/remote_chain_planner.h"
#include "client/remote_planner.h"

namespace recurve {

SourcedPlanner::SourcedPlanner(const std::string& target, std::chrono::milliseconds timeout)
    : source_(target.empty() ? executor::v1::PLAN_SOURCE_EMBEDDED : executor::v1::PLAN_SOURCE_REMOTE),
      why_embedded_(target.empty() ? "no planner service is configured (--planner)" : "") {
  if (target.empty()) return;
  remote_ = MakeFallbackPlanner(MakeRemotePlanner({.target = target, .timeout = timeout}),
                                std::make_unique<EmbeddedPlanner>(),
                                [this](const absl::Status& status) { UseEmbedded(status); });
  remote_chains_ = MakeRemoteChainPlanner({.target = target, .timeout = timeout});
}

absl::StatusOr<Plan> SourcedPlanner::MakePlan(const PlanRequest& request, const CancelCheck& cancelled) {
  if (source_ == executor::v1::PLAN_SOURCE_EMBEDDED) return embedded_.MakePlan(request, cancelled);
  return remote_->MakePlan(request, cancelled);
}

absl::StatusOr<TwoLevelPlan> SourcedPlanner::PlanTwoLevel(const TwoLevelRequest& request,
                                                          const CancelCheck& cancelled) {
  if (source_ == executor::v1::PLAN_SOURCE_REMOTE) {
    absl::StatusOr<TwoLevelPlan> plan = remote_chains_->PlanTwoLevel(request, cancelled);
    if (!IsUnreachable(plan.status())) return plan;
    UseEmbedded(plan.status());
  }
  return embedded_chains_.PlanTwoLevel(request, cancelled);
}

void SourcedPlanner::UseEmbedded(const absl::Status& why) {
  source_ = executor::v1::PLAN_SOURCE_EMBEDDED;
  why_embedded_ =
      absl::StrCat("the planner service gave no answer: ", absl::StatusCodeToString(why.code()), ": ", why.message());
}

}  // namespace recurve
