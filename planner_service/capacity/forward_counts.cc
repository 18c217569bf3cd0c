// SPDX-License-Identifier: Apache-2.0
#include "planner_service/capacity/forward_counts.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "planner_service/planning/forward_count.h"
#include "planner_service/planning/msm.h"
#include "planner_service/planning/saturating.h"
#include "planner_service/planning/strategies.h"
#include "planner_service/status/status_macros.h"

namespace recurve {
namespace {

absl::StatusOr<int64_t> LeastStoreBytes(const Sizing& sizing, Strategy strategy) {
  const ByteBudget bytes = {.state_bytes = sizing.state_bytes, .tape_bytes = sizing.tape_bytes};
  switch (strategy) {
    case Strategy::kStoreAll:
      return TapeAllBytes(sizing.links, sizing.state_bytes, sizing.tape_bytes);
    case Strategy::kChen: {
      ASSIGN_OR_RETURN(const Plan plan, PlanChen(sizing.links, bytes, {}));
      return plan.smallest_feasible_budget;
    }
    case Strategy::kAuto:
    case Strategy::kHsm:
    case Strategy::kIsm:
    case Strategy::kMsm:
      return 0;
  }
  return absl::InvalidArgumentError(absl::StrCat("strategy is ", static_cast<int>(strategy), "; must be 0 to 5"));
}

absl::Status CheckSlotTables(int64_t links, Strategy strategy, const ByteBudget& store) {
  const SlotBudget most = SlotSearch::MostSlots(links, strategy, store);
  const absl::Status table = CheckRequest({.length = links, .strategy = strategy, .budget = most});
  if (links <= kMaxSlotLinks && table.ok()) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "strategy ", std::string(ToString(strategy)), " would need a table of ", links, " links by ", most.slots,
      " slots; the limits are ", kMaxSlotLinks, " links and ", kMaxMsmTableCells, " cells; use auto"));
}

std::unique_ptr<SlotSearch> MakeSlotSearch(const Sizing& sizing, Strategy strategy, Planner& planner) {
  const ByteBudget bytes = {.state_bytes = sizing.state_bytes, .tape_bytes = sizing.tape_bytes};
  SlotSearch::Solve solve = [&planner](const PlanRequest& request, const CancelCheck& cancelled) {
    return planner.MakePlan(request, cancelled);
  };
  if (strategy == Strategy::kMsm) {  // one table for all
    const int64_t alpha = SlotSearch::MostSlots(sizing.links, strategy, bytes).alpha;
    solve = [solver = std::make_shared<MsmSolver>(sizing.links, alpha)](const PlanRequest& request,
                                                                        const CancelCheck& cancelled) {
      return solver->Solve(std::get<SlotBudget>(request.budget).slots, cancelled);
    };
  }
  return std::make_unique<SlotSearch>(sizing.links, strategy, bytes, std::move(solve));
}

}  // namespace

ForwardCounts::ForwardCounts(const Sizing& sizing, Strategy strategy, Planner& planner)
    : sizing_(sizing), strategy_(strategy), planner_(&planner) {}

absl::StatusOr<ForwardCounts> ForwardCounts::Make(const Sizing& sizing, Strategy strategy, Planner& planner) {
  ASSIGN_OR_RETURN(const int64_t least, LeastStoreBytes(sizing, strategy));
  ForwardCounts counts(sizing, strategy, planner);
  counts.least_total_ = SaturatingAdd(sizing.fixed_bytes, least);
  if (strategy == Strategy::kIsm || strategy == Strategy::kMsm) {
    counts.slots_ = MakeSlotSearch(sizing, strategy, planner);
  }
  return counts;
}

int64_t ForwardCounts::unit() const { return std::gcd(sizing_.state_bytes, sizing_.tape_bytes); }

ByteBudget ForwardCounts::StoreIn(int64_t total) const {
  return {.state_bytes = sizing_.state_bytes,
          .tape_bytes = sizing_.tape_bytes,
          .budget_bytes = std::min(total, most_total()) - sizing_.fixed_bytes};
}

absl::StatusOr<int64_t> ForwardCounts::In(int64_t total, const CancelCheck& cancelled) {
  if (cancelled && cancelled()) return absl::CancelledError("the request was cancelled");
  const ByteBudget store = StoreIn(total);
  switch (strategy_) {
    case Strategy::kStoreAll:
      return sizing_.links;
    case Strategy::kChen:
      return CountChenForwards(sizing_.links);
    case Strategy::kHsm:
      return CountHsmForwards(sizing_.links, 1 + store.budget_bytes / store.state_bytes);
    case Strategy::kAuto:
      return CountForwards(sizing_.links, store).count;
    case Strategy::kIsm:
    case Strategy::kMsm:
      break;
  }
  RETURN_IF_ERROR(CheckSlotTables(sizing_.links, strategy_, store));
  ASSIGN_OR_RETURN(const SlotSearch::Count count, slots_->CountWithin(store.budget_bytes, cancelled));
  return count.forward_count;
}

absl::StatusOr<Plan> ForwardCounts::PlanIn(int64_t total, const CancelCheck& cancelled) {
  const ByteBudget store = StoreIn(total);
  if (slots_ == nullptr) {
    return planner_->MakePlan({.length = sizing_.links, .strategy = strategy_, .budget = store}, cancelled);
  }
  RETURN_IF_ERROR(CheckSlotTables(sizing_.links, strategy_, store));
  ASSIGN_OR_RETURN(SlotSearch::Found found, slots_->MostWithin(store.budget_bytes, cancelled));
  return std::move(found.plan);
}

}  // namespace recurve
