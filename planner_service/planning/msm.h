// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_MSM_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_MSM_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "planner_service/planning/plan.h"
#include "planner_service/planning/planner.h"

namespace recurve {

// Mixed state memorization fills a table of lengths by slots, limited to this many cells of 8 bytes (24 in the row of
// one slot). 100,000 links with 100 slots take half a second.
inline constexpr int64_t kMaxMsmTableCells = int64_t{1} << 24;

// Cells needed by a plan for `length` links. Slots beyond those that store everything have no effect and do not count.
int64_t MsmTableCells(int64_t length, const SlotBudget& budget);

// Plans for one length and alpha. Keeps its table, which grows to the most slots requested, so plans for many numbers
// of slots take hardly longer than the largest alone. Not thread-safe.
class MsmSolver {
 public:
  MsmSolver(int64_t length, int64_t alpha);
  ~MsmSolver();

  // The table must stay within kMaxMsmTableCells.
  absl::StatusOr<Plan> Solve(int64_t slots, const CancelCheck& cancelled);

 private:
  class Table;

  const int64_t length_;
  const int64_t alpha_;
  std::unique_ptr<Table> table_;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_MSM_H_
