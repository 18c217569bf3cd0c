// SPDX-License-Identifier: Apache-2.0
#include "planner_service/client/fallback_planner.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/client/remote_chain_planner.h"
#include "planner_service/client/remote_planner.h"

namespace recurve {
namespace {

Fallback FallbackOf(const absl::Status& status) {
  const auto quoted = [&](const char* what) {
    return absl::StrCat("the planner service ", what, ": ", absl::StatusCodeToString(status.code()), ": ",
                        status.message());
  };
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return {FallbackReason::kUnavailable, quoted("gave no answer")};
    case absl::StatusCode::kDeadlineExceeded:
      return {FallbackReason::kTimeout, quoted("gave no answer")};
    case absl::StatusCode::kResourceExhausted:
      return {FallbackReason::kOverloaded, quoted("gave no answer")};
    case absl::StatusCode::kDataLoss:
      return {FallbackReason::kBroken, std::string(status.message())};
    default:
      return {FallbackReason::kError, quoted("answered with an error")};
  }
}

// Compares a plan, whose figures match its schedule, with the plan made in this process. nullopt if it is acceptable.
std::optional<Fallback> Objection(const Plan& plan, const Plan& own) {
  if (plan.feasible != own.feasible) {
    return Fallback{FallbackReason::kBroken, plan.feasible ? "wrongly claims that the budget is large enough"
                                                           : "wrongly claims that the budget is too small"};
  }
  if (plan.feasible && plan.forward_count > own.forward_count) {
    return Fallback{FallbackReason::kWorse, absl::StrCat("has a plan of ", plan.forward_count, " forwards where ",
                                                         own.forward_count, " suffice")};
  }
  if (!plan.feasible && plan.smallest_feasible_budget != own.smallest_feasible_budget) {
    return Fallback{FallbackReason::kBroken,
                    absl::StrCat("claims that the smallest budget is ", plan.smallest_feasible_budget, "; it is ",
                                 own.smallest_feasible_budget)};
  }
  return std::nullopt;
}

// Of a chain whose links differ, or with states on the host.
template <typename AnyPlan>
std::optional<Fallback> Objection(const AnyPlan& plan, const AnyPlan& own) {
  if (plan.cost <= own.cost) return std::nullopt;
  return Fallback{FallbackReason::kWorse,
                  absl::StrCat("has a plan that costs ", plan.cost, " where ", own.cost, " suffices")};
}

}  // namespace

std::string_view ToString(FallbackReason reason) {
  switch (reason) {
    case FallbackReason::kUnavailable:
      return "unavailable";
    case FallbackReason::kTimeout:
      return "timeout";
    case FallbackReason::kOverloaded:
      return "overloaded";
    case FallbackReason::kError:
      return "error";
    case FallbackReason::kBroken:
      return "broken";
    case FallbackReason::kWorse:
      return "worse";
  }
  return "unknown";
}

FallbackPlanner::FallbackPlanner(const PlannerCallOptions& service, std::function<void(const Fallback&)> on_fallback)
    : target_(service.target), on_fallback_(std::move(on_fallback)), uses_service_(!service.target.empty()) {
  if (!uses_service_) return;
  service_ = MakeRemotePlanner(service);
  service_chains_ = MakeRemoteChainPlanner(service);
}

absl::StatusOr<Plan> FallbackPlanner::MakePlan(const PlanRequest& request, const CancelCheck& cancelled) {
  return Choose<Plan>(embedded_.MakePlan(request, cancelled), [&] { return service_->MakePlan(request, cancelled); });
}

absl::StatusOr<TwoLevelPlan> FallbackPlanner::PlanTwoLevel(const TwoLevelRequest& request,
                                                           const CancelCheck& cancelled) {
  return Choose<TwoLevelPlan>(embedded_chains_.PlanTwoLevel(request, cancelled),
                              [&] { return service_chains_->PlanTwoLevel(request, cancelled); });
}

absl::StatusOr<ChainPlan> FallbackPlanner::PlanChain(const ChainRequest& request, const CancelCheck& cancelled) {
  return Choose<ChainPlan>(embedded_chains_.PlanChain(request, cancelled),
                           [&] { return service_chains_->PlanChain(request, cancelled); });
}

template <typename AnyPlan>
absl::StatusOr<AnyPlan> FallbackPlanner::Choose(absl::StatusOr<AnyPlan> own,
                                                const std::function<absl::StatusOr<AnyPlan>()>& ask) {
  if (!uses_service_ || !own.ok()) return own;
  absl::StatusOr<AnyPlan> plan = ask();
  if (absl::IsCancelled(plan.status())) return plan;  // by the caller, see CallPlanner
  if (!plan.ok()) {
    FallBack(FallbackOf(plan.status()));
    return own;
  }
  if (std::optional<Fallback> objection = Objection(*plan, *own)) {
    FallBack({objection->reason, absl::StrCat("planner at ", target_, " ", objection->why)});
    return own;
  }
  return plan;
}

void FallbackPlanner::FallBack(const Fallback& fallback) {
  uses_service_ = false;
  on_fallback_(fallback);
}

}  // namespace recurve
