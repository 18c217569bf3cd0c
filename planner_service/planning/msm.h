// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_MSM_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_MSM_H_

#include <cstdint>

#include "planner_service/planning/plan.h"

namespace recurve {

// Mixed state memorization keeps a table of lengths by slots; a request may fill this many cells, which take 8 bytes
// each.
inline constexpr int64_t kMaxMsmTableCells = int64_t{1} << 24;

// Cells that a plan for `length` links needs; slots beyond those that hold everything are of no use and not counted.
int64_t MsmTableCells(int64_t length, const SlotBudget& budget);

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_MSM_H_
