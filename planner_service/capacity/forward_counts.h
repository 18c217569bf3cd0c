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

// Forward counts of one strategy for one sizing. They decrease as the total grows, with rare exceptions for ism if
// tapes are smaller than states (slot_search.h). Not thread-safe.
class ForwardCounts {
 public:
  // The planner must outlive it.
  static absl::StatusOr<ForwardCounts> Make(const Sizing& sizing, Strategy strategy, Planner& planner);

  // The smallest feasible total; may exceed kMaxBytes.
  int64_t least_total() const { return least_total_; }
  // The total beyond which counts no longer change; may exceed kMaxBytes.
  int64_t most_total() const { return std::max(least_total_, sizing_.store_all_bytes); }
  // Counts change only at totals of fixed_bytes plus a multiple of this.
  int64_t unit() const;

  // The count in a total, least_total()..kMaxBytes. RESOURCE_EXHAUSTED when kIsm or kMsm would need too large a table.
  absl::StatusOr<int64_t> In(int64_t total, const CancelCheck& cancelled);
  // The plan with that count.
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
