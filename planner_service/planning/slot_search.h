// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_PLANNING_SLOT_SEARCH_H_
#define RECURVE_PLANNER_SERVICE_PLANNING_SLOT_SEARCH_H_

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "planner_service/planning/plan.h"
#include "planner_service/planning/planner.h"

namespace recurve {

// Puts budgets in bytes to kIsm and kMsm, which count in slots: the most slots whose schedule really stays within the
// bytes. The paper's units do not count what real bytes do, what follows a stored internal state may take more. So
// plans are replayed, and the number of slots is bisected. Remembers what it has replayed. Refers to the planner. Not
// thread-safe.
//
//   SlotSearch search(1000, Strategy::kMsm, 524288, 1048576, planner);
//   absl::StatusOr<SlotSearch::Found> found = search.MostWithin(15728640, {});
class SlotSearch {
 public:
  // `bytes.budget_bytes` does not matter.
  SlotSearch(int64_t length, Strategy strategy, const ByteBudget& bytes, Planner& planner);

  // The most slots that could be of use in so many bytes.
  static SlotBudget MostSlots(int64_t length, Strategy strategy, const ByteBudget& bytes);

  // What counts of a plan.
  struct Count {
    int64_t slots = 0;
    int64_t forward_count = 0;
    int64_t peak_bytes = 0;
  };
  absl::StatusOr<Count> CountWithin(int64_t budget_bytes, const CancelCheck& cancelled);

  struct Found {
    PlanRequest request;
    Plan plan;  // with peak_bytes as well as peak_slots
  };
  absl::StatusOr<Found> MostWithin(int64_t budget_bytes, const CancelCheck& cancelled);

 private:
  PlanRequest RequestFor(int64_t slots) const;
  absl::StatusOr<Plan> MakePlan(int64_t slots, const CancelCheck& cancelled);
  absl::StatusOr<Count> CountOf(int64_t slots, const CancelCheck& cancelled);

  const int64_t length_;
  const Strategy strategy_;
  ByteBudget bytes_;
  Planner& planner_;
  absl::flat_hash_map<int64_t, Count> counts_;  // by slots
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_PLANNING_SLOT_SEARCH_H_
