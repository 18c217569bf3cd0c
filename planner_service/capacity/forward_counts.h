// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CAPACITY_FORWARD_COUNTS_H_
#define RECURVE_PLANNER_SERVICE_CAPACITY_FORWARD_COUNTS_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "planner_service/capacity/advisor.h"
#include "planner_service/planning/planner.h"
#include "planner_service/planning/slot_search.h"

namespace recurve {

// Forwards of one sizing by one strategy. They fall as the total grows; those of ism, where tapes are smaller than
// states, only nearly always (slot_search.h). Not thread-safe.
class ForwardCounts {
 public:
  // The planner must outlive it.
  static absl::StatusOr<ForwardCounts> Make(const Sizing& sizing, Strategy strategy, Planner& planner);

  // The smallest total in which the strategy can do the chain; may be above kMaxBytes.
  int64_t least_total() const { return least_total_; }
  // From here on nothing changes; may be above kMaxBytes.
  int64_t most_total() const { return std::max(least_total_, sizing_.store_all_bytes); }
  // Totals at which anything changes are fixed_bytes and a multiple of this.
  int64_t unit() const;

  // In a total of at least least_total(), at most kMaxBytes. RESOURCE_EXHAUSTED when kIsm or kMsm would need too large
  // a table.
  absl::StatusOr<int64_t> In(int64_t total, const CancelCheck& cancelled);
  // The plan with those forwards.
  absl::StatusOr<Plan> PlanIn(int64_t total, const CancelCheck& cancelled);

 private:
  ForwardCounts(const Sizing& sizing, Strategy strategy, Planner& planner);
  ByteBudget StoreIn(int64_t total) const;

  Sizing sizing_;
  Strategy strategy_;
  Planner* planner_;
  int64_t least_total_ = 0;
  std::unique_ptr<SlotSearch> slots_;  // for kIsm and kMsm
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CAPACITY_FORWARD_COUNTS_H_
