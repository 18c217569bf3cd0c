// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "absl/strings/str_cat.h"
#include "planner_service/fields/check_fields.h"
#include "planner_service/planning/msm.h"
#include "planner_service/planning/planner.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

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
  return absl::InvalidArgumentError(absl::StrCat("strategy is ", static_cast<int>(strategy), "; must be 0 to 5"));
}

}  // namespace

absl::Status CheckRequest(const PlanRequest& request) {
  RETURN_IF_ERROR(CheckFields(request));
  const SlotBudget* slots = std::get_if<SlotBudget>(&request.budget);
  RETURN_IF_ERROR(CheckBudgetKind(request.strategy, slots != nullptr));
  if (request.strategy != Strategy::kMsm || MsmTableCells(request.length, *slots) <= kMaxMsmTableCells) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("length is ", request.length, " and slots is ", slots->slots,
                                                 ", strategy msm takes at most ", kMaxMsmTableCells,
                                                 " for length * slots; ask for auto, which has no such limit"));
}

}  // namespace recurve
