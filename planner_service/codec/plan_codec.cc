// SPDX-License-Identifier: Apache-2.0
#include "planner_service/codec/plan_codec.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/codec/field_checks.h"
#include "planner_service/codec/schedule_codec.h"
#include "planner_service/planning/planner.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

absl::StatusOr<ByteBudget> DecodeBytes(const planner::v1::ByteBudget& message) {
  absl::Status status = CheckRange("bytes.state_bytes", message.state_bytes(), 1, kMaxBytes);
  status.Update(CheckRange("bytes.tape_bytes", message.tape_bytes(), 0, kMaxBytes));
  status.Update(CheckRange("bytes.budget_bytes", message.budget_bytes(), 0, kMaxBytes));
  if (!status.ok()) return status;
  return ByteBudget{
      .state_bytes = message.state_bytes(), .tape_bytes = message.tape_bytes(), .budget_bytes = message.budget_bytes()};
}

absl::StatusOr<SlotBudget> DecodeSlots(const planner::v1::SlotBudget& message) {
  const int64_t alpha = message.alpha() == 0 ? 1 : message.alpha();
  absl::Status status = CheckRange("slots.slots", message.slots(), 1, kMaxSlots);
  status.Update(CheckRange("slots.alpha", alpha, 1, kMaxAlpha));
  if (!status.ok()) return status;
  return SlotBudget{.slots = message.slots(), .alpha = alpha};
}

absl::Status DecodeBudget(const planner::v1::MakePlanRequest& message, PlanRequest& request) {
  switch (message.budget_case()) {
    case planner::v1::MakePlanRequest::kBytes: {
      absl::StatusOr<ByteBudget> bytes = DecodeBytes(message.bytes());
      if (bytes.ok()) request.budget = *bytes;
      return bytes.status();
    }
    case planner::v1::MakePlanRequest::kSlots: {
      absl::StatusOr<SlotBudget> slots = DecodeSlots(message.slots());
      if (slots.ok()) request.budget = *slots;
      return slots.status();
    }
    case planner::v1::MakePlanRequest::BUDGET_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("budget is unset; set bytes, or slots for the paper's units");
}

// The counts of a feasible plan, as far as they can be checked without replaying its schedule.
absl::Status CheckCounts(const Plan& plan, int64_t length) {
  absl::Status status = CheckRange("forward_count", plan.forward_count, length, INT64_MAX);
  status.Update(CheckRange("forward_count_lower_bound", plan.forward_count_lower_bound, 0, plan.forward_count));
  status.Update(CheckRange("forward_count_upper_bound", plan.forward_count_upper_bound, plan.forward_count, INT64_MAX));
  status.Update(CheckRange("peak_bytes", plan.peak_bytes, 0, INT64_MAX));
  status.Update(CheckRange("peak_slots", plan.peak_slots, 0, INT64_MAX));
  if (plan.predicted_seconds) status.Update(CheckAtLeast("predicted_seconds", *plan.predicted_seconds, 0));
  return status;
}

}  // namespace

planner::v1::Strategy EncodeStrategy(Strategy strategy) {
  switch (strategy) {
    case Strategy::kAuto:
      return planner::v1::STRATEGY_AUTO;
    case Strategy::kStoreAll:
      return planner::v1::STRATEGY_STORE_ALL;
    case Strategy::kChen:
      return planner::v1::STRATEGY_CHEN;
    case Strategy::kHsm:
      return planner::v1::STRATEGY_HSM;
    case Strategy::kIsm:
      return planner::v1::STRATEGY_ISM;
    case Strategy::kMsm:
      return planner::v1::STRATEGY_MSM;
  }
  return planner::v1::STRATEGY_UNSPECIFIED;
}

absl::StatusOr<Strategy> DecodeStrategy(planner::v1::Strategy strategy) {
  switch (strategy) {
    case planner::v1::STRATEGY_UNSPECIFIED:
    case planner::v1::STRATEGY_AUTO:
      return Strategy::kAuto;
    case planner::v1::STRATEGY_STORE_ALL:
      return Strategy::kStoreAll;
    case planner::v1::STRATEGY_CHEN:
      return Strategy::kChen;
    case planner::v1::STRATEGY_HSM:
      return Strategy::kHsm;
    case planner::v1::STRATEGY_ISM:
      return Strategy::kIsm;
    case planner::v1::STRATEGY_MSM:
      return Strategy::kMsm;
    default:
      return absl::InvalidArgumentError(absl::StrCat("strategy is ", static_cast<int>(strategy),
                                                     "; must be 0 to 6, the numbers of recurve.planner.v1.Strategy"));
  }
}

planner::v1::LinkCosts EncodeCosts(const LinkCosts& costs) {
  planner::v1::LinkCosts message;
  message.set_forward_seconds(costs.forward_seconds);
  message.set_taped_forward_seconds(costs.taped_forward_seconds);
  message.set_backward_seconds(costs.backward_seconds);
  return message;
}

absl::StatusOr<LinkCosts> DecodeCosts(absl::string_view field, const planner::v1::LinkCosts& message) {
  absl::Status status = CheckAtLeast(absl::StrCat(field, ".forward_seconds"), message.forward_seconds(), 0);
  status.Update(CheckAtLeast(absl::StrCat(field, ".taped_forward_seconds"), message.taped_forward_seconds(), 0));
  status.Update(CheckAtLeast(absl::StrCat(field, ".backward_seconds"), message.backward_seconds(), 0));
  if (!status.ok()) return status;
  return LinkCosts{.forward_seconds = message.forward_seconds(),
                   .taped_forward_seconds = message.taped_forward_seconds(),
                   .backward_seconds = message.backward_seconds()};
}

planner::v1::MakePlanRequest EncodeRequest(const PlanRequest& request) {
  planner::v1::MakePlanRequest message;
  message.set_length(request.length);
  message.set_strategy(EncodeStrategy(request.strategy));
  if (const auto* bytes = std::get_if<ByteBudget>(&request.budget)) {
    message.mutable_bytes()->set_state_bytes(bytes->state_bytes);
    message.mutable_bytes()->set_tape_bytes(bytes->tape_bytes);
    message.mutable_bytes()->set_budget_bytes(bytes->budget_bytes);
  } else {
    const auto& slots = std::get<SlotBudget>(request.budget);
    message.mutable_slots()->set_slots(slots.slots);
    message.mutable_slots()->set_alpha(slots.alpha);
  }
  if (request.costs) *message.mutable_costs() = EncodeCosts(*request.costs);
  return message;
}

absl::StatusOr<PlanRequest> DecodeRequest(const planner::v1::MakePlanRequest& message) {
  PlanRequest request;
  RETURN_IF_ERROR(CheckRange("length", message.length(), 1, kMaxChainLength));
  request.length = message.length();
  ASSIGN_OR_RETURN(Strategy strategy, DecodeStrategy(message.strategy()));
  request.strategy = strategy;
  RETURN_IF_ERROR(DecodeBudget(message, request));
  if (message.has_costs()) {
    ASSIGN_OR_RETURN(request.costs, DecodeCosts("costs", message.costs()));
  }
  // What no single field tells: which budget a strategy takes, and how much work it would be.
  RETURN_IF_ERROR(CheckRequest(request));
  return request;
}

planner::v1::MakePlanResponse EncodeFigures(const Plan& plan) {
  planner::v1::MakePlanResponse message;
  message.set_feasible(plan.feasible);
  message.set_strategy(EncodeStrategy(plan.strategy));
  message.set_smallest_feasible_budget(plan.smallest_feasible_budget);
  if (!plan.feasible) return message;
  message.set_forward_count(plan.forward_count);
  message.set_forward_count_lower_bound(plan.forward_count_lower_bound);
  message.set_forward_count_upper_bound(plan.forward_count_upper_bound);
  message.set_peak_bytes(plan.peak_bytes);
  message.set_peak_slots(plan.peak_slots);
  if (plan.predicted_seconds) message.set_predicted_seconds(*plan.predicted_seconds);
  return message;
}

planner::v1::MakePlanResponse EncodePlan(const Plan& plan) {
  planner::v1::MakePlanResponse message = EncodeFigures(plan);
  if (plan.feasible) *message.mutable_schedule() = EncodeSchedule(plan.schedule);
  return message;
}

absl::StatusOr<Plan> DecodeFigures(const planner::v1::MakePlanResponse& message, int64_t length) {
  Plan plan;
  plan.feasible = message.feasible();
  ASSIGN_OR_RETURN(plan.strategy, DecodeStrategy(message.strategy()));
  plan.smallest_feasible_budget = message.smallest_feasible_budget();
  RETURN_IF_ERROR(CheckRange("smallest_feasible_budget", plan.smallest_feasible_budget, 0, INT64_MAX));
  if (!plan.feasible) return plan;

  plan.forward_count = message.forward_count();
  plan.forward_count_lower_bound = message.forward_count_lower_bound();
  plan.forward_count_upper_bound = message.forward_count_upper_bound();
  plan.peak_bytes = message.peak_bytes();
  plan.peak_slots = message.peak_slots();
  if (message.has_predicted_seconds()) plan.predicted_seconds = message.predicted_seconds();
  RETURN_IF_ERROR(CheckCounts(plan, length));
  return plan;
}

absl::StatusOr<Plan> DecodePlan(const planner::v1::MakePlanResponse& message) {
  if (!message.feasible()) return DecodeFigures(message, 0);
  ASSIGN_OR_RETURN(Schedule schedule, DecodeSchedule(message.schedule()));
  absl::StatusOr<Plan> plan = DecodeFigures(message, schedule.length());
  if (plan.ok()) plan->schedule = std::move(schedule);
  return plan;
}

}  // namespace recurve
