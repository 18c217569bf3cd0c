// SPDX-License-Identifier: Apache-2.0
#include "planner_service/capacity/compose_advice.h"

#include "absl/strings/str_cat.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

absl::StatusOr<Advice> ComposeAdvice(TradeOff& trade_off, int64_t total, const std::optional<Pick>& pick,
                                     const CancelCheck& cancelled) {
  const size_t index = pick ? pick->split : trade_off.least_split();
  const LinkSplit& split = trade_off.split(index);
  Advice advice = {.feasible = pick.has_value(),
                   .strategy = trade_off.strategy(),
                   .sizing = split.sizing,
                   .least_bytes = trade_off.least_total()};
  if (!pick) return advice;
  ASSIGN_OR_RETURN(const Plan plan, trade_off.PlanIn(index, total, cancelled));
  if (!plan.feasible || plan.forward_count > pick->forward_count) {
    return absl::InternalError(absl::StrCat("the plan for ", split.sizing.links, " links in ", total,
                                            " bytes exceeds the ", pick->forward_count, " forwards counted"));
  }
  advice.budget_bytes = total;
  advice.peak_bytes = split.sizing.fixed_bytes + plan.peak_bytes;
  advice.forward_count = plan.forward_count;
  advice.forward_count_lower_bound = plan.forward_count_lower_bound;
  advice.slowdown = trade_off.Slowdown(index, plan.forward_count);
  if (split.measured) advice.predicted_seconds = split.Time(plan.forward_count);
  return advice;
}

absl::StatusOr<Advice> AdviseIn(TradeOff& trade_off, int64_t total, const CancelCheck& cancelled) {
  ASSIGN_OR_RETURN(const std::optional<Pick> pick, trade_off.In(total, cancelled));
  return ComposeAdvice(trade_off, total, pick, cancelled);
}

}  // namespace recurve
