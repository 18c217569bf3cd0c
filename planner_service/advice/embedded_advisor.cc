// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <optional>
#include <utility>

#include "planner_service/advice/advisor.h"
#include "planner_service/advice/check.h"
#include "planner_service/advice/compose_advice.h"
#include "planner_service/advice/curve.h"
#include "planner_service/advice/cut.h"
#include "planner_service/advice/trade_off.h"

namespace recurve {
namespace {

absl::StatusOr<TradeOff> TradeOffOf(const Workload& workload, Strategy strategy, Planner& planner) {
  absl::StatusOr<Cuts> cuts = CutWorkload(workload);
  if (!cuts.ok()) return cuts.status();
  return TradeOff::Make(*std::move(cuts), strategy, planner);
}

}  // namespace

absl::StatusOr<Advice> EmbeddedAdvisor::Advise(const Workload& workload, Strategy strategy, int64_t budget_bytes,
                                               const CancelCheck& cancelled) {
  if (absl::Status status = CheckBudget("budget_bytes", budget_bytes); !status.ok()) return status;
  absl::StatusOr<TradeOff> trade_off = TradeOffOf(workload, strategy, planner_);
  if (!trade_off.ok()) return trade_off.status();
  return AdviseIn(*trade_off, budget_bytes, cancelled);
}

absl::StatusOr<Advice> EmbeddedAdvisor::FindBudget(const Workload& workload, Strategy strategy, double max_slowdown,
                                                   const CancelCheck& cancelled) {
  if (absl::Status status = CheckSlowdown(max_slowdown); !status.ok()) return status;
  if (absl::Status status = CheckTakesBytes(strategy); !status.ok()) return status;
  absl::StatusOr<TradeOff> trade_off = TradeOffOf(workload, strategy, planner_);
  if (!trade_off.ok()) return trade_off.status();
  const absl::StatusOr<std::optional<int64_t>> total = trade_off->Smallest(max_slowdown, cancelled);
  if (!total.ok()) return total.status();
  if (!*total) return ComposeAdvice(*trade_off, kMaxBytes, std::nullopt, cancelled);
  return AdviseIn(*trade_off, **total, cancelled);
}

absl::StatusOr<std::vector<Curve>> EmbeddedAdvisor::MakeCurves(const Workload& workload,
                                                               const std::vector<Strategy>& strategies,
                                                               int64_t max_points, const CancelCheck& cancelled) {
  if (absl::Status status = CheckRange("max_points", max_points, 2, kMaxCurvePoints); !status.ok()) return status;
  if (absl::Status status = CheckRange("strategies", static_cast<int64_t>(strategies.size()), 1, kMaxCurves);
      !status.ok()) {
    return status;
  }
  std::vector<Curve> curves;
  for (const Strategy strategy : strategies) {
    absl::StatusOr<TradeOff> trade_off = TradeOffOf(workload, strategy, planner_);
    if (!trade_off.ok()) return trade_off.status();
    CornerSearch search(*trade_off, cancelled);
    if (absl::Status status = search.FindEnds(); !status.ok()) return status;
    if (absl::Status status = search.Split(max_points, LogarithmicArea); !status.ok()) return status;
    Curve curve = {.strategy = strategy};
    for (const Corner& corner : search.Corners()) {
      curve.corners.push_back({.budget_bytes = corner.total,
                               .link = trade_off->cut(corner.pick.cut).sizing.link,
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
  if (absl::Status status = CheckBudget("budget_bytes", budget_bytes); !status.ok()) return status;
  if (absl::Status status = CheckTakesBytes(strategy); !status.ok()) return status;
  if (absl::Status status = CheckRange("lengths", static_cast<int64_t>(lengths.size()), 1, kMaxLengths); !status.ok()) {
    return status;
  }
  absl::StatusOr<Cuts> cuts = CutWorkload(workload);
  if (!cuts.ok()) return cuts.status();
  const auto* model = std::get_if<ModelWorkload>(&workload);
  const int64_t longest = model != nullptr ? model->length : kMaxChainLength;
  std::map<int64_t, Advice> advice;  // by length
  int64_t planned = 0;
  for (const int64_t length : lengths) {
    if (absl::Status status = CheckRange("lengths", length, 1, longest); !status.ok()) return status;
    if (advice.contains(length)) continue;
    Cuts cut = *cuts;
    for (Cut& each : cut.cuts) each.SetLength(length);
    planned += cut.cuts.front().sizing.links;
    if (absl::Status status = CheckPlannedLinks(planned); !status.ok()) return status;
    absl::StatusOr<TradeOff> trade_off = TradeOff::Make(std::move(cut), strategy, planner_);
    if (!trade_off.ok()) return trade_off.status();
    absl::StatusOr<Advice> one = AdviseIn(*trade_off, budget_bytes, cancelled);
    if (!one.ok()) return one.status();
    advice.emplace(length, *std::move(one));
  }
  std::vector<Advice> all;
  all.reserve(lengths.size());
  for (const int64_t length : lengths) all.push_back(advice.at(length));
  return all;
}

}  // namespace recurve
