// SPDX-License-Identifier: Apache-2.0
#include "planner_service/planning/slot_search.h"

#include <algorithm>
#include <utility>

#include "planner_service/planning/saturating.h"
#include "planner_service/schedule/recount.h"
#include "planner_service/status/status_macros.h"

namespace recurve {

SlotSearch::SlotSearch(int64_t length, Strategy strategy, const ByteBudget& bytes, Solve solve)
    : length_(length), strategy_(strategy), bytes_(bytes), solve_(std::move(solve)) {}

SlotBudget SlotSearch::MostSlots(int64_t length, Strategy strategy, const ByteBudget& bytes) {
  const int64_t internal = bytes.state_bytes + bytes.tape_bytes;  // bytes of an internal state
  const int64_t alpha = std::min(kMaxAlpha, (internal + bytes.state_bytes - 1) / bytes.state_bytes);
  const int64_t per_internal = strategy == Strategy::kIsm ? 1 : alpha;  // slots
  const int64_t all = strategy == Strategy::kIsm ? length : std::min(kMaxSlots, 1 + alpha * (length - 1));
  // A slot takes at least its share of an internal state or, if alpha is at its limit, a state. The state of the last
  // slot is in the working set.
  const int64_t counted =
      strategy == Strategy::kIsm ? internal : std::min(internal, SaturatingMultiply(alpha, bytes.state_bytes));
  const int64_t fit = SaturatingMultiply(per_internal, bytes.budget_bytes + bytes.state_bytes) / counted;
  return {.slots = std::min(all, 1 + fit), .alpha = alpha};
}

PlanRequest SlotSearch::RequestFor(int64_t slots) const {
  SlotBudget budget = MostSlots(length_, strategy_, bytes_);
  budget.slots = slots;
  return {.length = length_, .strategy = strategy_, .budget = budget};
}

absl::StatusOr<Plan> SlotSearch::MakePlan(int64_t slots, const CancelCheck& cancelled) {
  absl::StatusOr<Plan> plan = solve_(RequestFor(slots), cancelled);
  if (!plan.ok()) return plan;
  RETURN_IF_ERROR(CheckWellFormed(plan->schedule));  // the planner may be remote
  plan->peak_bytes =
      Recount(plan->schedule, {.state_bytes = bytes_.state_bytes, .tape_bytes = bytes_.tape_bytes}).peak_bytes;
  return plan;
}

absl::StatusOr<SlotSearch::Count> SlotSearch::CountOf(int64_t slots, const CancelCheck& cancelled) {
  const auto known = counts_.find(slots);
  if (known != counts_.end()) return known->second;
  ASSIGN_OR_RETURN(const Plan plan, MakePlan(slots, cancelled));
  const Count count = {.slots = slots, .forward_count = plan.forward_count, .peak_bytes = plan.peak_bytes};
  counts_.emplace(slots, count);
  return count;
}

absl::StatusOr<SlotSearch::Count> SlotSearch::CountWithin(int64_t budget_bytes, const CancelCheck& cancelled) {
  bytes_.budget_bytes = budget_bytes;
  int64_t most = MostSlots(length_, strategy_, bytes_).slots;
  absl::StatusOr<Count> fits = CountOf(1, cancelled);  // stores nothing
  while (fits.ok() && fits->slots < most) {
    const int64_t middle = fits->slots + (most - fits->slots + 1) / 2;
    absl::StatusOr<Count> count = CountOf(middle, cancelled);
    if (!count.ok()) return count;
    if (count->peak_bytes <= budget_bytes) {
      fits = count;
    } else {
      most = middle - 1;
    }
  }
  return fits;
}

absl::StatusOr<SlotSearch::Found> SlotSearch::MostWithin(int64_t budget_bytes, const CancelCheck& cancelled) {
  ASSIGN_OR_RETURN(const Count count, CountWithin(budget_bytes, cancelled));
  ASSIGN_OR_RETURN(Plan plan, MakePlan(count.slots, cancelled));
  return Found{.budget = std::get<SlotBudget>(RequestFor(count.slots).budget), .plan = std::move(plan)};
}

}  // namespace recurve
