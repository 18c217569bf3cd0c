// SPDX-License-Identifier: Apache-2.0
#include "planner_service/advice/compose_advice.h"

#include "absl/strings/str_cat.h"

namespace recurve {

absl::StatusOr<Advice> ComposeAdvice(TradeOff& trade_off, int64_t total, const std::optional<Pick>& pick,
                                     const CancelCheck& cancelled) {
  const size_t index = pick ? pick->cut : trade_off.least_cut();
  const Cut& cut = trade_off.cut(index);
  Advice advice = {.feasible = pick.has_value(),
                   .strategy = trade_off.strategy(),
                   .sizing = cut.sizing,
                   .least_bytes = trade_off.least_total()};
  if (!pick) return advice;
  const absl::StatusOr<Plan> plan = trade_off.PlanIn(index, total, cancelled);
  if (!plan.ok()) return plan.status();
  if (!plan->feasible || plan->forward_count > pick->forward_count) {
    return absl::InternalError(absl::StrCat("the plan for ", cut.sizing.links, " links in ", total,
                                            " bytes has more than the ", pick->forward_count, " forwards counted"));
  }
  advice.budget_bytes = total;
  advice.peak_bytes = cut.sizing.fixed_bytes + plan->peak_bytes;
  advice.forward_count = plan->forward_count;
  advice.forward_count_lower_bound = plan->forward_count_lower_bound;
  advice.slowdown = trade_off.Slowdown(index, plan->forward_count);
  if (cut.measured) advice.predicted_seconds = cut.Time(plan->forward_count);
  return advice;
}

absl::StatusOr<Advice> AdviseIn(TradeOff& trade_off, int64_t total, const CancelCheck& cancelled) {
  const absl::StatusOr<std::optional<Pick>> pick = trade_off.In(total, cancelled);
  if (!pick.ok()) return pick.status();
  return ComposeAdvice(trade_off, total, *pick, cancelled);
}

}  // namespace recurve
