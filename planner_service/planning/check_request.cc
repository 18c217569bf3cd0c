// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "planner_service/planning/check_range.h"
#include "planner_service/planning/msm.h"
#include "planner_service/planning/planner.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

absl::Status CheckSeconds(const char* field, double value) {
  if (std::isfinite(value) && value >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " is ", value, ", must be finite and at least 0"));
}

absl::Status CheckBudgetKind(Strategy strategy, bool in_slots) {
  const std::string name(ToString(strategy));
  switch (strategy) {
    case Strategy::kHsm:
      return absl::OkStatus();
    case Strategy::kIsm:
    case Strategy::kMsm:
      if (in_slots) return absl::OkStatus();
      return absl::InvalidArgumentError(
          absl::StrCat("budget is in bytes, strategy ", name, " takes slots; give slots and alpha, or use auto"));
    case Strategy::kAuto:
    case Strategy::kStoreAll:
    case Strategy::kChen:
      if (!in_slots) return absl::OkStatus();
      return absl::InvalidArgumentError(absl::StrCat("budget is in slots, strategy ", name,
                                                     " takes bytes; give state_bytes, tape_bytes and budget_bytes"));
  }
  return absl::InvalidArgumentError(absl::StrCat("strategy is ", static_cast<int>(strategy), ", must be 0..5"));
}

absl::Status CheckBytes(const ByteBudget& budget) {
  RETURN_IF_ERROR(CheckRange("state_bytes", budget.state_bytes, 1, kMaxBytes));
  RETURN_IF_ERROR(CheckRange("tape_bytes", budget.tape_bytes, 0, kMaxBytes));
  return CheckRange("budget_bytes", budget.budget_bytes, 0, kMaxBytes);
}

absl::Status CheckSlots(const SlotBudget& budget) {
  RETURN_IF_ERROR(CheckRange("slots", budget.slots, 1, kMaxSlots));
  return CheckRange("alpha", budget.alpha, 1, kMaxAlpha);
}

absl::Status CheckCosts(const LinkCosts& costs) {
  RETURN_IF_ERROR(CheckSeconds("forward_seconds", costs.forward_seconds));
  RETURN_IF_ERROR(CheckSeconds("taped_forward_seconds", costs.taped_forward_seconds));
  return CheckSeconds("backward_seconds", costs.backward_seconds);
}

}  // namespace

absl::Status CheckRequest(const PlanRequest& request) {
  RETURN_IF_ERROR(CheckRange("length", request.length, 1, kMaxChainLength));
  const SlotBudget* slots = std::get_if<SlotBudget>(&request.budget);
  RETURN_IF_ERROR(CheckBudgetKind(request.strategy, slots != nullptr));
  RETURN_IF_ERROR(slots != nullptr ? CheckSlots(*slots) : CheckBytes(std::get<ByteBudget>(request.budget)));
  if (request.strategy == Strategy::kMsm) {
    const int64_t cells = MsmTableCells(request.length, *slots);
    if (cells > kMaxMsmTableCells) {
      return absl::InvalidArgumentError(absl::StrCat("length is ", request.length, " and slots is ", slots->slots,
                                                     ", strategy msm allows at most ", kMaxMsmTableCells,
                                                     " for length * slots; use auto, which has no such limit"));
    }
  }
  return request.costs ? CheckCosts(*request.costs) : absl::OkStatus();
}

}  // namespace recurve
