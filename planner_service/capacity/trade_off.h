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

// What a total buys: a split, and the forwards of its cheapest plan.
struct Pick {
  size_t split = 0;
  int64_t forward_count = 0;
  double slowdown = 1;
};

// Time against memory of a workload by one strategy, whichever of its splits is taken in each total.
//
// Where forward counts choose, more bytes may buy a slower plan: of links with up to two forwards each they take the
// longest. So the fastest of all totals *up to* one is asked for apart from what is taken *in* it. Each split has a
// limit, the last total before a longer link settles the rule. Up to there it is passed over only for splits with fewer
// forwards a link, or for longer links, so the fastest is that of all splits, each in the total or at its limit. Not
// thread-safe.
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
  // The split that can be done in the fewest bytes, and those, which may be more than kMaxBytes.
  size_t least_split() const;
  int64_t least_total() const { return counts_[least_split()].least_total(); }
  // Totals where anything changes are a multiple of this apart.
  int64_t unit() const { return unit_; }
  // From here on nothing changes; at most kMaxBytes.
  int64_t most_total() const;

  // What is taken in a total, at most kMaxBytes; none when it is too little.
  absl::StatusOr<std::optional<Pick>> In(int64_t total, const CancelCheck& cancelled);
  // The fastest that is taken in any total up to `total`.
  absl::StatusOr<std::optional<Pick>> UpTo(int64_t total, const CancelCheck& cancelled);
  // The smallest total in which what is taken is at most so slow; none when that is more than kMaxBytes.
  absl::StatusOr<std::optional<int64_t>> Smallest(double slowdown, const CancelCheck& cancelled);
  // The smallest total from `low` on where UpTo is at most so slow; in `high`, at most kMaxBytes, it must be.
  absl::StatusOr<int64_t> Smallest(double slowdown, int64_t low, int64_t high, const CancelCheck& cancelled);
  // Of one split; none when `total` is too little for it.
  absl::StatusOr<std::optional<Pick>> Of(size_t index, int64_t total, const CancelCheck& cancelled);
  // Its plan.
  absl::StatusOr<Plan> PlanIn(size_t index, int64_t total, const CancelCheck& cancelled) {
    return counts_[index].PlanIn(total, cancelled);
  }

 private:
  TradeOff(LinkSplits splits, Strategy strategy) : splits_(std::move(splits)), strategy_(strategy) {}
  absl::Status SetLimits(const CancelCheck& cancelled);

  LinkSplits splits_;
  Strategy strategy_;
  std::vector<ForwardCounts> counts_;  // of each split
  std::vector<double> references_;     // of each split: the time that is slowdown 1
  std::vector<int64_t> limits_;        // of each split; empty until they are needed
  int64_t unit_ = 1;
};

}  // namespace recurve

#endif  // RECURVE_PLANNER_SERVICE_CAPACITY_TRADE_OFF_H_
