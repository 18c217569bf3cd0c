// SPDX-License-Identifier: Apache-2.0
#include "planner_service/planning/plan.h"

#include "absl/strings/str_cat.h"

namespace recurve {
absl::StatusOr<Strategy> ParseStrategy(std::string_view name) {
  if (const std::optional<Strategy> strategy = ValueOf(kStrategyNames, name)) return *strategy;
  return absl::InvalidArgumentError(absl::StrCat("strategy is '", absl::string_view(name.data(), name.size()),
                                                 "'; must be auto, store-all, chen, hsm, ism or msm"));
}

void VisitFields(ByteBudget& budget, FieldVisitor& visitor) {
  visitor.Count({"state_bytes"}, {1, kMaxBytes}, budget.state_bytes);
  visitor.Count({"tape_bytes"}, {0, kMaxBytes}, budget.tape_bytes);
  visitor.Count({"budget_bytes"}, {0, kMaxBytes}, budget.budget_bytes);
}

void VisitFields(SlotBudget& budget, FieldVisitor& visitor) {
  visitor.Count({"slots"}, {1, kMaxSlots}, budget.slots);
  visitor.Count({"alpha"}, {1, kMaxAlpha}, budget.alpha);
}

void VisitFields(LinkCosts& costs, FieldVisitor& visitor) {
  constexpr RealRange kSeconds{.least = 0, .most = kMaxLinkSeconds};
  visitor.Real({.name = "forward_seconds",
                .help = "seconds of one link without tape",
                .option = "--forward-cost",
                .required = true},
               kSeconds, costs.forward_seconds);
  const Field taped{.name = "taped_forward_seconds",
                    .help = "seconds of one link with tape; default: as --forward-cost",
                    .option = "--taped-forward-cost",
                    .required = true};  // where it is visited at all
  if (visitor.Visits(taped, /*present=*/true)) {
    visitor.Real(taped, kSeconds, costs.taped_forward_seconds);
  } else {
    costs.taped_forward_seconds = costs.forward_seconds;
  }
  visitor.Real(
      {.name = "backward_seconds", .help = "seconds of one link", .option = "--backward-cost", .required = true},
      kSeconds, costs.backward_seconds);
}

void VisitFields(PlanRequest& request, FieldVisitor& visitor) {
  visitor.Count({"length"}, {1, kMaxChainLength}, request.length);
  visitor.Enum({"strategy"}, kStrategyNames, request.strategy);
  if (auto* bytes = visitor.Alternative<ByteBudget>({"bytes"}, request.budget)) visitor.Fields({"bytes"}, *bytes);
  if (auto* slots = visitor.Alternative<SlotBudget>({"slots"}, request.budget)) visitor.Fields({"slots"}, *slots);
  visitor.Fields({"costs"}, request.costs);
}

void VisitFields(Plan& plan, FieldVisitor& visitor) {
  visitor.Flag({"feasible"}, plan.feasible);
  visitor.Enum({"strategy"}, kStrategyNames, plan.strategy);
  visitor.Count({"smallest_feasible_budget"}, kNotNegative, plan.smallest_feasible_budget);
  visitor.Count({"forward_count"}, kNotNegative, plan.forward_count);
  visitor.Count({"forward_count_lower_bound"}, kNotNegative, plan.forward_count_lower_bound);
  visitor.Count({"forward_count_upper_bound"}, kNotNegative, plan.forward_count_upper_bound);
  visitor.Count({"peak_bytes"}, kNotNegative, plan.peak_bytes);
  visitor.Count({"peak_slots"}, kNotNegative, plan.peak_slots);
  visitor.Real({"predicted_seconds"}, kNotBelowZero, plan.predicted_seconds);
}

double PredictSeconds(int64_t forward_count, int64_t length, const LinkCosts& costs) {
  return static_cast<double>(forward_count - length) * costs.forward_seconds +
         static_cast<double>(length) * (costs.taped_forward_seconds + costs.backward_seconds);
}

}  // namespace recurve
