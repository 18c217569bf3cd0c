// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_SLOT_SEARCH_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_SLOT_SEARCH_H_

#include <cstdint>
#include <functional>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "planner_service/planning/plan.h"
#include "planner_service/planning/planner.h"

namespace recurve {

inline constexpr int64_t kMaxSlotLinks = 10'000;  // longest chain to search; beyond that, it takes too long

// Finds plans of kIsm and kMsm, which count memory in slots, for budgets in bytes: those with the most slots whose
// schedule stays within the bytes. No formula converts slots to bytes, since the state after a stored internal state
// takes bytes that the paper's units do not count. So the number of slots is bisected, and the bytes of each schedule
// are counted. (If tapes are smaller than states, a plan of kIsm with more slots occasionally takes fewer bytes, which
// the bisection misses.) Caches its counts. Not thread-safe.
//
//   SlotSearch search(1000, Strategy::kMsm, {.state_bytes = 524288, .tape_bytes = 1048576}, solve);
//   absl::StatusOr<SlotSearch::Found> found = search.MostWithin(15728640, {});
class SlotSearch {
 public:
  // Makes the plan of a request in slots, as Planner::MakePlan does; its peaks are ignored.
  using Solve = std::function<absl::StatusOr<Plan>(const PlanRequest& request, const CancelCheck& cancelled)>;

  // `bytes.budget_bytes` is ignored.
  SlotSearch(int64_t length, Strategy strategy, const ByteBudget& bytes, Solve solve);

  // The most slots that could be useful in so many bytes. CheckRequest tells whether the planner accepts that many.
  static SlotBudget MostSlots(int64_t length, Strategy strategy, const ByteBudget& bytes);

  struct Count {
    int64_t slots = 0;
    int64_t forward_count = 0;
    int64_t peak_bytes = 0;
  };
  absl::StatusOr<Count> CountWithin(int64_t budget_bytes, const CancelCheck& cancelled);

  struct Found {
    SlotBudget budget;
    Plan plan;  // with its peak_bytes
  };
  absl::StatusOr<Found> MostWithin(int64_t budget_bytes, const CancelCheck& cancelled);

 private:
  PlanRequest RequestFor(int64_t slots) const;
  absl::StatusOr<Plan> MakePlan(int64_t slots, const CancelCheck& cancelled);
  absl::StatusOr<Count> CountOf(int64_t slots, const CancelCheck& cancelled);

  const int64_t length_;
  const Strategy strategy_;
  ByteBudget bytes_;
  const Solve solve_;
  absl::flat_hash_map<int64_t, Count> counts_;  // by slots
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_SLOT_SEARCH_H_
