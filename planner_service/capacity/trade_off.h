// SPDX-License-Identifier: Apache-2.0
#ifndef RECURVE_PLANNER_SERVICE_CAPACITY_TRADE_OFF_H_
#define RECURVE_PLANNER_SERVICE_CAPACITY_TRADE_OFF_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "planner_service/capacity/forward_counts.h"
#include "planner_service/capacity/link_split.h"
#include "planner_service/planning/planner.h"

namespace recurve {

// The split used in a total, with the forward count of its cheapest plan.
struct Pick {
  size_t split = 0;
  int64_t forward_count = 0;
  double slowdown = 1;
};

// The trade-off between time and memory of a workload for one strategy, over all of its splits.
//
// If forward counts choose the split, more bytes may lead to a slower plan: the rule takes the longest link with at
// most two forwards per link. Therefore In() gives the pick in a total, and UpTo() the fastest in any total up to that
// one. UpTo() gives each split a limit, the last total before a longer link satisfies the rule. Up to its limit, a
// split is rejected only in favor of splits with fewer forwards per link or longer links. So the fastest pick is the
// fastest of all splits, each evaluated in the total or at its limit if that is lower. Not thread-safe.
class TradeOff {
 public:
  // INVALID_ARGUMENT when the strategy is unknown. The planner must outlive it.
  static absl::StatusOr<TradeOff> Make(LinkSplits splits, Strategy strategy, Planner& planner);

  Strategy strategy() const { return strategy_; }
  const LinkSplit& split(size_t index) const { return splits_.splits[index]; }
  size_t splits() const { return splits_.splits.size(); }
  bool by_rule() const { return splits_.by_rule; }
  double ReferenceTime(size_t index) const { return references_[index]; }
  double Slowdown(size_t index, int64_t forward_count) const {
    return split(index).Time(forward_count) / references_[index];
  }
  // The split that is feasible in the fewest bytes, and those bytes, which may exceed kMaxBytes.
  size_t least_split() const;
  int64_t least_total() const { return counts_[least_split()].least_total(); }
  // Totals at which a pick changes are a multiple of this apart.
  int64_t unit() const { return unit_; }
  // The total beyond which picks no longer change; at most kMaxBytes.
  int64_t most_total() const;

  // The pick in a total, at most kMaxBytes; nullopt if no split is feasible.
  absl::StatusOr<std::optional<Pick>> In(int64_t total, const CancelCheck& cancelled);
  // The fastest pick in any total up to `total`.
  absl::StatusOr<std::optional<Pick>> UpTo(int64_t total, const CancelCheck& cancelled);
  // The smallest total whose pick has at most this slowdown; nullopt if it exceeds kMaxBytes.
  absl::StatusOr<std::optional<int64_t>> Smallest(double slowdown, const CancelCheck& cancelled);
  // The smallest total in [low, high] at which UpTo has at most this slowdown, as it must have at `high` <= kMaxBytes.
  absl::StatusOr<int64_t> Smallest(double slowdown, int64_t low, int64_t high, const CancelCheck& cancelled);
  // The pick of one split; nullopt if it is not feasible in `total`.
  absl::StatusOr<std::optional<Pick>> Of(size_t index, int64_t total, const CancelCheck& cancelled);
  // The plan of that pick.
  absl::StatusOr<Plan> PlanIn(size_t index, int64_t total, const CancelCheck& cancelled) {
    return counts_[index].PlanIn(total, cancelled);
  }

 private:
  TradeOff(LinkSplits splits, Strategy strategy) : splits_(std::move(splits)), strategy_(strategy) {}
  absl::Status SetLimits(const CancelCheck& cancelled);

  LinkSplits splits_;
  Strategy strategy_;
  std::vector<ForwardCounts> counts_;  // by split
  std::vector<double> references_;     // by split: the time with slowdown 1
  std::vector<int64_t> limits_;        // by split; empty until needed
  int64_t unit_ = 1;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CAPACITY_TRADE_OFF_H_
