// SPDX-License-Identifier: Apache-2.0
#include "executor/job/chain_plan.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "planner_service/planning/mixed_chain.h"
#include "planner_service/planning/plan_check.h"
#include "planner_service/planning/saturating.h"
#include "planner_service/schedule/link_sums.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

constexpr double kUnitsOfDearest = 1 << 24;  // the largest cost; costs are integers

double DearestSeconds(std::span<const LinkCosts> costs) {
  double dearest = 1e-9;
  for (const LinkCosts& link : costs) {
    dearest = std::max({dearest, link.forward_seconds, link.taped_forward_seconds, link.backward_seconds});
  }
  return dearest;
}

// Adds a segment of one link, or extends the last segment if its links are identical.
void AddToSegments(const ChainSegment& link, std::vector<ChainSegment>& segments) {
  if (!segments.empty()) {
    ChainSegment longer = link;
    longer.links = segments.back().links;
    if (longer == segments.back()) {
      ++segments.back().links;
      return;
    }
  }
  segments.push_back(link);
}

absl::StatusOr<ReplayResult> VerifyChain(const ChainRequest& request, const ChainPlan& plan,
                                         const CancelCheck& cancelled) {
  const LinkSums sums = SumLinks(request.segments);
  const absl::Status status = CheckPlan(request, plan, cancelled);
  if (status.ok()) return CountPlan(request, sums, plan.schedule, cancelled);
  if (absl::IsCancelled(status)) return status;
  return absl::InternalError(
      absl::StrCat("the plan for a chain of ", sums.length(), " links does not match its replay: ", status.message()));
}

}  // namespace

int64_t StoreAllBytes(const LinkModel& model) {
  int64_t bytes = 0;
  for (int64_t link = 0; link + 1 < model.links(); ++link) {
    bytes = SaturatingAdd(bytes, model.tape_bytes(link));
    if (link > 0) bytes = SaturatingAdd(bytes, model.state_bytes(link));
  }
  return bytes;
}

std::vector<LinkCosts> CostsOfLinks(const LinkModel& model, const LinkCosts& mean) {
  std::vector<LinkCosts> costs;
  for (int64_t link = 0; link < model.links(); ++link) {
    const double share = model.relative_time(link);
    costs.push_back({.forward_seconds = share * mean.forward_seconds,
                     .taped_forward_seconds = share * mean.taped_forward_seconds,
                     .backward_seconds = share * mean.backward_seconds});
  }
  return costs;
}

ChainQuestion AskForChain(const LinkModel& model, std::span<const LinkCosts> costs, int64_t store_bytes) {
  ChainQuestion question{.request = {.final_state_bytes = model.state_bytes(model.links()),
                                     .budget_bytes = std::clamp<int64_t>(store_bytes, 0, kMaxBytes)},
                         .unit_seconds = DearestSeconds(costs) / kUnitsOfDearest};
  const auto units = [&](double seconds) { return std::llround(seconds / question.unit_seconds); };
  for (int64_t link = 0; link < model.links(); ++link) {
    AddToSegments({.state_bytes = model.state_bytes(link),
                   .tape_bytes = model.tape_bytes(link),
                   .forward_cost = units(costs[link].forward_seconds),
                   .taped_forward_cost = units(costs[link].taped_forward_seconds),
                   .backward_cost = units(costs[link].backward_seconds)},
                  question.request.segments);
  }
  return question;
}

absl::StatusOr<CheckedChainPlan> PlanChainOf(const ChainQuestion& question, ChainPlanner& planner,
                                             const CancelCheck& cancelled) {
  ASSIGN_OR_RETURN(ChainPlan answer, planner.PlanChain(question.request, cancelled));
  ASSIGN_OR_RETURN(const ReplayResult replay, VerifyChain(question.request, answer, cancelled));
  const bool proved = answer.cost == answer.cost_lower_bound;
  return CheckedChainPlan{.plan = {.feasible = true,
                                   .strategy = Strategy::kAuto,
                                   .forward_count = replay.forward_count,
                                   .forward_count_lower_bound = proved ? replay.forward_count : replay.taped_count,
                                   .peak_bytes = replay.peak_bytes,
                                   .predicted_seconds = static_cast<double>(answer.cost) * question.unit_seconds,
                                   .schedule = std::move(answer.schedule)},
                          .replay = replay,
                          .store_all_store_bytes = answer.store_all_bytes};
}

}  // namespace recurve
