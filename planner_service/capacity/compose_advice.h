// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CAPACITY_COMPOSE_ADVICE_H_
#define RECURVE_PLANNER_SERVICE_CAPACITY_COMPOSE_ADVICE_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "planner_service/capacity/advisor.h"
#include "planner_service/capacity/trade_off.h"

namespace recurve {

// The advice for `pick` in a total: makes and replays its plan. Without a pick, the advice is infeasible and describes
// the split that needs the fewest bytes.
absl::StatusOr<Advice> ComposeAdvice(TradeOff& trade_off, int64_t total, const std::optional<Pick>& pick,
                                     const CancelCheck& cancelled);

// The advice for the pick of `trade_off` in `total`.
absl::StatusOr<Advice> AdviseIn(TradeOff& trade_off, int64_t total, const CancelCheck& cancelled);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CAPACITY_COMPOSE_ADVICE_H_
