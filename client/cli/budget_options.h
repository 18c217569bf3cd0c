// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_CLIENT_CLI_BUDGET_OPTIONS_H_
#define RECURVE_CLIENT_CLI_BUDGET_OPTIONS_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "client/cli/option_values.h"
#include "planner_service/planning/plan.h"

namespace recurve {

// The options of planning commands for a chain and its budget.
struct BudgetOptions {
  std::optional<int64_t> length, state_bytes, tape_bytes, memory, slots, alpha;
};

void AddBudgetOptions(CLI::App& app, BudgetOptions& options);

// A request for kAuto with that length and budget. INVALID_ARGUMENT if something is missing, or if there are both bytes
// and slots.
absl::StatusOr<PlanRequest> RequestOf(const BudgetOptions& options);

}  // namespace recurve

#endif  // RECURVE_CLIENT_CLI_BUDGET_OPTIONS_H_
