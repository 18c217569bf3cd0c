// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <optional>
#include <utility>

#include "planner_service/capacity/advisor.h"
#include "planner_service/capacity/check.h"
#include "planner_service/capacity/compose_advice.h"
#include "planner_service/capacity/curve.h"
#include "planner_service/capacity/link_split.h"
#include "planner_service/capacity/trade_off.h"
#include "planner_service/fields/check_fields.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

absl::StatusOr<TradeOff> TradeOffOf(const Workload& workload, Strategy strategy, Planner& planner) {
  ASSIGN_OR_RETURN(LinkSplits splits, SplitWorkload(workload));
  return TradeOff::Make(std::move(splits), strategy, planner);
}

}  // namespace

absl::StatusOr<Advice> EmbeddedAdvisor::Advise(const Workload& workload, Strategy strategy, int64_t budget_bytes,
                                               const CancelCheck& cancelled) {
  RETURN_IF_ERROR(CheckRange("budget_bytes", budget_bytes, 0, kMaxBytes));
  ASSIGN_OR_RETURN(TradeOff trade_off, TradeOffOf(workload, strategy, planner_));
  return AdviseIn(trade_off, budget_bytes, cancelled);
}

absl::StatusOr<Advice> EmbeddedAdvisor::FindBudget(const Workload& workload, Strategy strategy, double max_slowdown,
                                                   const CancelCheck& cancelled) {
  RETURN_IF_ERROR(CheckReal("max_slowdown", max_slowdown, {.least = 1}));
  RETURN_IF_ERROR(CheckTakesBytes(strategy));
  ASSIGN_OR_RETURN(TradeOff trade_off, TradeOffOf(workload, strategy, planner_));
  ASSIGN_OR_RETURN(const std::optional<int64_t> total, trade_off.Smallest(max_slowdown, cancelled));
  if (!total) return ComposeAdvice(trade_off, kMaxBytes, std::nullopt, cancelled);
  return AdviseIn(trade_off, *total, cancelled);
}

absl::StatusOr<std::vector<Curve>> EmbeddedAdvisor::MakeCurves(const Workload& workload,
                                                               const std::vector<Strategy>& strategies,
                                                               int64_t max_points, const CancelCheck& cancelled) {
  RETURN_IF_ERROR(CheckRange("max_points", max_points, 2, kMaxCurvePoints));
  RETURN_IF_ERROR(CheckCount("strategies", static_cast<int64_t>(strategies.size()), 1, kMaxCurves));
  std::vector<Curve> curves;
  for (const Strategy strategy : strategies) {
    ASSIGN_OR_RETURN(TradeOff trade_off, TradeOffOf(workload, strategy, planner_));
    CornerSearch search(trade_off, cancelled);
    RETURN_IF_ERROR(search.FindEnds());
    RETURN_IF_ERROR(search.Split(max_points, LogarithmicArea));
    Curve curve = {.strategy = strategy};
    for (const Corner& corner : search.Corners()) {
      curve.corners.push_back({.budget_bytes = corner.total,
                               .link = trade_off.split(corner.pick.split).sizing.link,
                               .forward_count = corner.pick.forward_count,
                               .slowdown = corner.pick.slowdown});
      curve.complete &= !corner.hidden_from.has_value();
    }
    curves.push_back(std::move(curve));
  }
  return curves;
}

absl::StatusOr<std::vector<Advice>> EmbeddedAdvisor::PlanLengths(const Workload& workload,
                                                                 const std::vector<int64_t>& lengths, Strategy strategy,
                                                                 int64_t budget_bytes, const CancelCheck& cancelled) {
  RETURN_IF_ERROR(CheckRange("budget_bytes", budget_bytes, 0, kMaxBytes));
  RETURN_IF_ERROR(CheckTakesBytes(strategy));
  RETURN_IF_ERROR(CheckCount("lengths", static_cast<int64_t>(lengths.size()), 1, kMaxLengths));
  ASSIGN_OR_RETURN(LinkSplits splits, SplitWorkload(workload));
  const auto* model = std::get_if<ModelWorkload>(&workload);
  const int64_t longest = model != nullptr ? model->length : kMaxChainLength;
  std::map<int64_t, Advice> advice;  // by length
  int64_t planned = 0;
  for (const int64_t length : lengths) {
    RETURN_IF_ERROR(CheckRange("lengths", length, 1, longest));
    if (advice.contains(length)) continue;
    LinkSplits split = splits;
    for (LinkSplit& each : split.splits) each.SetLength(length);
    planned += split.splits.front().sizing.links;
    RETURN_IF_ERROR(CheckPlannedLinks(planned));
    ASSIGN_OR_RETURN(TradeOff trade_off, TradeOff::Make(std::move(split), strategy, planner_));
    ASSIGN_OR_RETURN(Advice one, AdviseIn(trade_off, budget_bytes, cancelled));
    advice.emplace(length, std::move(one));
  }
  std::vector<Advice> all;
  all.reserve(lengths.size());
  for (const int64_t length : lengths) all.push_back(advice.at(length));
  return all;
}

}  // namespace recurve
