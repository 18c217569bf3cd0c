// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_SERVICE_PLAN_KEY_H_
#define RECURVE_PLANNER_SERVICE_SERVICE_PLAN_KEY_H_

#include <cstdint>
#include <utility>
#include <variant>

#include "planner_service/planning/plan.h"

namespace recurve {

// The canonical form of a request: requests with equal keys have the same plan, apart from its predicted seconds. The
// key omits fields that a strategy ignores and any budget that it cannot use.
struct PlanKey {
  int64_t length = 0;
  Strategy strategy = Strategy::kAuto;
  std::variant<ByteBudget, SlotBudget> budget;

  friend bool operator==(const PlanKey&, const PlanKey&) = default;

  template <typename H>
  friend H AbslHashValue(H hash, const PlanKey& key) {
    hash = H::combine(std::move(hash), key.length, static_cast<int>(key.strategy), key.budget.index());
    if (const auto* bytes = std::get_if<ByteBudget>(&key.budget)) {
      return H::combine(std::move(hash), bytes->state_bytes, bytes->tape_bytes, bytes->budget_bytes);
    }
    const auto& slots = std::get<SlotBudget>(key.budget);
    return H::combine(std::move(hash), slots.slots, slots.alpha);
  }
};

// `request` must pass CheckRequest.
PlanKey KeyOf(const PlanRequest& request);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_SERVICE_PLAN_KEY_H_
